"""The same in Kafka."""

from collections.abc import Sequence

from kafka import KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.structs import OffsetAndMetadata

from mesh.event_log.kafka.client import admin, connection
from mesh.event_log.kafka.records import message_of
from mesh.event_log.kafka.topics import PARTITIONS
from mesh.event_log.port import Record

_TIMEOUT_MS = 10_000
_LINGER_MS = 20
_BATCH_BYTES = 2**18


class KafkaBulkLog:
    """One producer; the library keeps the order within a key."""

    def __init__(self, url: str) -> None:
        self._url = url
        settings = {"acks": "all", "enable_idempotence": True}
        self._producer = KafkaProducer(
            **connection(url), **settings, linger_ms=_LINGER_MS, batch_size=_BATCH_BYTES
        )

    def publish(self, records: Sequence[Record]) -> None:
        """Send all and wait until they are acknowledged.

        Raises:
            KafkaError: One was not.
        """
        sent = [self._producer.send(**message_of(record)) for record in records]
        self._producer.flush()
        for each in sent:
            each.get()

    def skip_to_end(self, groups: Sequence[str], topic: str) -> None:
        """As `BulkLog.skip_to_end`."""
        with admin(self._url, timeout_ms=_TIMEOUT_MS) as client:
            last = {TopicPartition(topic, number): OffsetSpec.LATEST for number in range(PARTITIONS)}
            ends = {
                partition: OffsetAndMetadata(found.offset, "", -1)
                for partition, found in client.list_partition_offsets(last).items()
            }
            for group in groups:
                client.alter_group_offsets(group, ends)

    def close(self) -> None:
        self._producer.close()
