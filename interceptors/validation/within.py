"""The messages of one kind in a request, at any depth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from mesh.contract.names import json_name


def messages_within(message: Message, kind: Descriptor) -> Iterator[tuple[str, Any]]:
    """Every message of a kind in a message, or itself: (path as JSON callers write it, message)."""
    if message.DESCRIPTOR.full_name == kind.full_name:
        yield "", message
        return
    for step in _steps(message.DESCRIPTOR, kind):
        for place, each in _elements(message, step):
            if step.arrives:
                yield place, each
            else:
                yield from ((f"{place}.{path}", found) for path, found in messages_within(each, kind))


@dataclass(frozen=True, slots=True)
class _Step:
    """A field that leads to messages of a kind; at the last one it arrives."""

    name: str
    json_name: str
    is_list: bool
    arrives: bool


def _elements(message: Message, step: _Step) -> Iterator[tuple[str, Any]]:
    if not step.is_list:
        if message.HasField(step.name):
            yield step.json_name, getattr(message, step.name)
        return
    items = getattr(message, step.name)
    places = items.items() if isinstance(items, Mapping) else enumerate(items)
    yield from ((f"{step.json_name}[{place}]", each) for place, each in places)


@cache
def _steps(outer: Descriptor, kind: Descriptor) -> tuple[_Step, ...]:
    return tuple(
        _Step(field.name, json_name(field.name), field.is_repeated, inner.full_name == kind.full_name)
        for field in outer.fields
        if (inner := _value_kind(field.message_type)) is not None and _can_hold(inner, kind)
    )


def _value_kind(inner: Descriptor | None) -> Descriptor | None:
    """Of a map's entries the messages that are its values, if they are any."""
    if inner is not None and inner.GetOptions().map_entry:
        return inner.fields_by_name["value"].message_type
    return inner


@cache
def _can_hold(outer: Descriptor, kind: Descriptor) -> bool:
    """Whether a message can have one of a kind at any depth, or is of it."""
    seen, waiting = set[str](), [outer]
    while waiting:
        each = waiting.pop()
        if each.full_name not in seen:
            seen.add(each.full_name)
            waiting += [field.message_type for field in each.fields if field.message_type is not None]
    return kind.full_name in seen
