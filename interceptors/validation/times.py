"""Timestamps that no calendar has: the wire can carry them, protovalidate lets them pass."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from interceptors.validation.bounds import Violation
from interceptors.validation.within import messages_within

_RULE = "has to be a time of the years 1 to 9999, with nanos from 0 to 999999999"


def impossible_times(message: Message) -> Iterator[Violation]:
    """Every timestamp in a message that cannot be."""
    for path, time in messages_within(message, Timestamp.DESCRIPTOR):
        if not _is_possible(time):
            yield path, _RULE


def _is_possible(time: Any) -> bool:
    try:
        time.ToDatetime()
    except ValueError:
        return False
    return True
