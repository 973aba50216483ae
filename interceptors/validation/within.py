"""The messages of one kind in a request, at any depth."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from mesh.contract.names import json_name


def messages_within(message: Message, kind: Descriptor) -> Iterator[tuple[str, Any]]:
    """Every message of a kind in a message, or itself: (path as JSON callers write it, message)."""
    if message.DESCRIPTOR.full_name == kind.full_name:
        yield "", message
    elif _can_hold(message.DESCRIPTOR, kind):
        for field, value in message.ListFields():
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                for name, each in _elements(field, value):
                    yield from (
                        (f"{name}.{path}".rstrip("."), it) for path, it in messages_within(each, kind)
                    )


def _elements(field: FieldDescriptor, value: Any) -> Iterator[tuple[str, Message]]:
    name = json_name(field.name)
    if not field.is_repeated:
        yield name, value
    elif isinstance(value, Mapping):
        yield from ((f"{name}[{key}]", each) for key, each in value.items() if isinstance(each, Message))
    else:
        yield from ((f"{name}[{place}]", each) for place, each in enumerate(value))


@cache
def _can_hold(outer: Descriptor, kind: Descriptor) -> bool:
    """Whether a message can have one of a kind at any depth."""
    seen, waiting = set[str](), [outer]
    while waiting:
        each = waiting.pop()
        if each.full_name not in seen:
            seen.add(each.full_name)
            waiting += [field.message_type for field in each.fields if field.message_type is not None]
    return kind.full_name in seen
