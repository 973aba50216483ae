"""Reads the order events in Kafka: every partition, from its first record to its last."""

from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaConsumer, TopicPartition

from tests.faults.stored import StoredEvent

_TOPIC = "shopmesh.order.events.v1"
_POLL_MS = 500


def published_in_kafka(url: str) -> list[StoredEvent]:
    """All partitions one after the other; an order is in one of them."""
    with closing(_reader(url)) as reader:
        partitions = [TopicPartition(_TOPIC, number) for number in reader.partitions_for_topic(_TOPIC)]
        reader.assign(partitions)
        reader.seek_to_beginning(*partitions)
        ends = reader.end_offsets(partitions)
        messages: list[Any] = []
        while any(reader.position(partition) < ends[partition] for partition in partitions):
            for batch in reader.poll(_POLL_MS).values():
                messages.extend(batch)
    return [_event(each) for each in messages]


def _reader(url: str) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=urlsplit(url).netloc.split(","),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metrics_enabled=False,
    )


def _event(message: Any) -> StoredEvent:
    headers = dict(message.headers)
    return StoredEvent(message.key.decode(), int(headers["version"]), message.value, headers["hash"].decode())
