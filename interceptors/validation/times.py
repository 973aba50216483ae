"""Timestamps that no calendar has: the wire can carry them, protovalidate lets them pass."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.contract.names import json_name

_RULE = "has to be a time of the years 1 to 9999, with nanos from 0 to 999999999"
_TIMESTAMP = Timestamp.DESCRIPTOR.full_name


def impossible_times(message: Message) -> Iterator[tuple[str, str]]:
    """Every timestamp in a message that cannot be: (path as JSON callers write it, what is allowed)."""
    if not _holds_times(message.DESCRIPTOR):
        return
    if message.DESCRIPTOR.full_name == _TIMESTAMP:
        if not _is_possible(message):
            yield "", _RULE
        return
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for name, each in _elements(field, value):
                yield from ((f"{name}.{path}".rstrip("."), rule) for path, rule in impossible_times(each))


def _is_possible(time: Any) -> bool:
    try:
        time.ToDatetime()
    except ValueError:
        return False
    return True


def _elements(field: FieldDescriptor, value: Any) -> Iterator[tuple[str, Message]]:
    name = json_name(field.name)
    if not field.is_repeated:
        yield name, value
    elif isinstance(value, Mapping):
        yield from ((f"{name}[{key}]", each) for key, each in value.items() if isinstance(each, Message))
    else:
        yield from ((f"{name}[{place}]", each) for place, each in enumerate(value))


@cache
def _holds_times(kind: Descriptor) -> bool:
    """Whether a message of this kind can have a timestamp at any depth."""
    seen, waiting = set[str](), [kind]
    while waiting:
        each = waiting.pop()
        if each.full_name not in seen:
            seen.add(each.full_name)
            waiting += [field.message_type for field in each.fields if field.message_type is not None]
    return _TIMESTAMP in seen
