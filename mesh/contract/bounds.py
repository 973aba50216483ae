"""How much a request may hold, by the rules of its fields: items, characters, bytes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from buf.validate import validate_pb2 as rules_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mesh.contract.names import json_name

MOST_BODY_BYTES = 1_048_576
"""No body is longer, even where its rules would allow it."""

_UUID_CHARACTERS = 36
_MASK = "google.protobuf.FieldMask"
_MOST_PATHS = 100
"""Of a mask; its message has no rules of its own."""
_MASK_BYTES = 10_000
_MONEY = "google.type.Money"
_CURRENCY_CHARACTERS = 3
_TIME_BYTES = 64
_ESCAPED_BYTES = 12
"""A character as JSON may write it: two UTF-16 units, each as an escape."""
_NUMBER_BYTES = 32
_AROUND_BYTES = 64
"""Quotes, signs and white space around a field or an item."""
_STEP_BYTES = 4096
_BYTES_OF = {_MASK: _MASK_BYTES, "google.protobuf.Timestamp": _TIME_BYTES}


@dataclass(frozen=True, slots=True)
class FieldBounds:
    """What a field may hold at most.

    Attributes:
        name: As the proto has it.
        is_list: Whether it is repeated.
        most_items: Of a list; None: it is none, or has no bound.
        most_characters: Of a text, or of each text of a list; None: it is none, or has no bound.
        within: The bounds of a message, or of each message of a list; none if it is none.
        json_name: As JSON has it.
    """

    name: str
    is_list: bool
    most_items: int | None
    most_characters: int | None
    within: "Mapping[int, FieldBounds]"
    json_name: str


@cache
def bounds_of(kind: Descriptor) -> Mapping[int, FieldBounds]:
    """The bounds of a kind of message, by the numbers of those of its fields that have any."""
    known = {field.number: _of_field(field) for field in kind.fields}
    return {
        number: each
        for number, each in known.items()
        if each.most_items is not None or each.most_characters is not None or each.within
    }


def unbounded_fields(kind: Descriptor, place: str = "") -> Iterator[str]:
    """The lists and texts of a kind of message, at any depth, that may be of any length."""
    if kind.full_name in _BYTES_OF:
        return
    for field in kind.fields:
        bounds, path = _of_field(field), f"{place}{field.name}"
        is_text = field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
        if (field.is_repeated and bounds.most_items is None) or (is_text and bounds.most_characters is None):
            yield path
        if field.message_type is not None:
            yield from unbounded_fields(field.message_type, f"{path}.")


@cache
def most_body_bytes(kind: Descriptor) -> int:
    """How long a JSON body of this kind can be: generously, in steps of 4 KiB, at most 1 MiB."""
    # A message without fields is `{}`, and white space.
    steps = -(-(_bytes_of(kind) + _AROUND_BYTES) // _STEP_BYTES)
    return min(steps * _STEP_BYTES, MOST_BODY_BYTES)


def _bytes_of(kind: Descriptor) -> int:
    return _BYTES_OF.get(kind.full_name) or sum(map(_field_bytes, kind.fields))


def _field_bytes(field: FieldDescriptor) -> int:
    bounds = _of_field(field)
    if field.message_type is not None:
        value = _bytes_of(field.message_type)
    elif bounds.most_characters is not None:
        value = bounds.most_characters * _ESCAPED_BYTES
    elif field.enum_type is not None:
        value = max(len(each.name) for each in field.enum_type.values)
    else:
        value = _NUMBER_BYTES
    items = bounds.most_items if field.is_repeated else 1
    if items is None:
        return MOST_BODY_BYTES
    return len(bounds.json_name) + _AROUND_BYTES + items * (value + _AROUND_BYTES)


@cache
def _of_field(field: FieldDescriptor) -> FieldBounds:
    rules = field.GetOptions().Extensions[rules_pb2.field]
    each = rules.repeated.items if field.is_repeated else rules
    return FieldBounds(
        name=field.name,
        is_list=field.is_repeated,
        most_items=_most_items(field, rules) if field.is_repeated else None,
        most_characters=_most_characters(field, each) if field.type == FieldDescriptor.TYPE_STRING else None,
        within={} if field.message_type is None else bounds_of(field.message_type),
        json_name=json_name(field.name),
    )


def _most_items(field: FieldDescriptor, rules: rules_pb2.FieldRules) -> int | None:
    if field.containing_type is not None and field.containing_type.full_name == _MASK:
        return _MOST_PATHS
    return rules.repeated.max_items if rules.repeated.HasField("max_items") else None


def _most_characters(field: FieldDescriptor, rules: rules_pb2.FieldRules) -> int | None:
    """What the rules of a text let it have at most, also those that do not say so in numbers."""
    if field.containing_type is not None and field.containing_type.full_name == _MONEY:
        return _CURRENCY_CHARACTERS
    text = rules.string
    known = [getattr(text, name) for name in ("max_len", "max_bytes", "len") if text.HasField(name)]
    if text.uuid:
        known.append(_UUID_CHARACTERS)
    if text.HasField("pattern"):
        known.append(_longest_match(text.pattern))
    if allowed := getattr(text, "in"):
        known.append(max(map(len, allowed)))
    return min(known, default=None)


def _longest_match(pattern: str) -> int:
    _, longest = re._parser.parse(pattern).getwidth()  # type: ignore[attr-defined]
    return int(longest)
