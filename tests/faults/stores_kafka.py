"""Reads the order events in Kafka: every partition, from its first record to its last."""

import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import MetadataEmptyBrokerList

from tests.faults.stored import StoredEvent

_TOPIC = "shopmesh.order.events.v1"
_POLL_MS = 500
_ANSWER_SECONDS = 30
_PAUSE_SECONDS = 0.2


def published_in_kafka(url: str) -> list[StoredEvent]:
    """All partitions one after the other; an order is in one of them."""
    return [_event(each) for each in _messages(url)]


def publish_again_in_kafka(url: str, *, at_least: int = 1) -> int:
    """Every order event once more behind all that are there, or as often as it takes; returns how many."""
    messages = _messages(url)
    times = -(-at_least // len(messages))
    with closing(
        KafkaProducer(bootstrap_servers=_servers(url), acks="all", metrics_enabled=False)
    ) as producer:
        sent = [
            producer.send(_TOPIC, key=each.key, value=each.value, headers=each.headers)
            for each in messages * times
        ]
        for each in sent:
            each.get(_ANSWER_SECONDS)
    return len(sent)


def delete_topic(url: str) -> None:
    """Lose every order event."""
    with closing(KafkaAdminClient(bootstrap_servers=_servers(url))) as client:
        client.delete_topics([_TOPIC])


def is_consumed_in_kafka(url: str, group: str) -> bool:
    """Whether a consumer group has handled every order event."""
    with closing(_reader(url, group)) as reader:
        partitions = _partitions(reader)
        ends = reader.end_offsets(partitions)
        return all((reader.committed(each) or 0) >= ends[each] for each in partitions)


def _messages(url: str) -> list[Any]:
    with closing(_reader(url)) as reader:
        partitions = _partitions(reader)
        reader.assign(partitions)
        reader.seek_to_beginning(*partitions)
        ends = reader.end_offsets(partitions)
        messages: list[Any] = []
        while any(reader.position(partition) < ends[partition] for partition in partitions):
            for batch in reader.poll(_POLL_MS).values():
                messages.extend(batch)
    return messages


def _reader(url: str, group: str | None = None) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=_servers(url),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metrics_enabled=False,
    )


def _partitions(reader: KafkaConsumer) -> list[TopicPartition]:
    end = time.monotonic() + _ANSWER_SECONDS
    while True:
        try:
            return [TopicPartition(_TOPIC, number) for number in reader.partitions_for_topic(_TOPIC)]
        except MetadataEmptyBrokerList:
            # A broker that stood still answers again before it is taken for alive.
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE_SECONDS)


def _servers(url: str) -> list[str]:
    return urlsplit(url).netloc.split(",")


def _event(message: Any) -> StoredEvent:
    headers = dict(message.headers)
    return StoredEvent(message.key.decode(), int(headers["version"]), message.value, headers["hash"].decode())
