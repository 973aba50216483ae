"""How a record travels in Kafka: key and body as they are, version and hash in headers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from mesh.event_log.port import Delivery, Record
from services.kernel.envelope import hash_of

_VERSION = "version"
_HASH = "hash"
_OVERHEAD_BYTES = 200

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A delivery, and when its record was published, in seconds since 1970."""

    delivery: Delivery
    publish_time: float


def message_of(record: Record) -> dict[str, Any]:
    """The arguments of `KafkaProducer.send`."""
    return {
        "topic": record.topic,
        "key": record.key.encode(),
        "value": record.body,
        "headers": [(_VERSION, str(record.version).encode()), (_HASH, record.hash.encode())],
    }


def size_bytes(record: Record) -> int:
    """About what a record takes in memory until it is acknowledged."""
    return len(record.body) + len(record.key) + _OVERHEAD_BYTES


def fetched(message: Any) -> Fetched | None:
    """What a `ConsumerRecord` brings; None, and a warning, for what is no record of this mesh."""
    body = message.value or b""
    headers = dict(message.headers)
    try:
        key = (message.key or b"").decode()
        record = Record(message.topic, key, _version(headers, body), body, _hash(headers, body))
    except (ValueError, KeyError, TypeError):
        where = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
        _log.warning("record_without_version", **where)
        return None
    delivery = Delivery(record=record, partition=message.partition, offset=message.offset)
    return Fetched(delivery, message.timestamp / 1000)


def _version(headers: Mapping[str, bytes], body: bytes) -> int:
    return int(headers[_VERSION] if _VERSION in headers else json.loads(body)["version"])


def _hash(headers: Mapping[str, bytes], body: bytes) -> str:
    return headers[_HASH].decode() if _HASH in headers else hash_of(body)
