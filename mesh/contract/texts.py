"""Which fields of a message people enter texts in, and of what kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from buf.validate import validate_pb2 as rules_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mesh.contract.bounds import bounds_of
from mesh.contract.names import json_name
from shopmesh.policy.v1 import policy_pb2


class TextKind(Enum):
    """The kinds of the field option `text`, and ids, which have a form of their own."""

    LINE = policy_pb2.TEXT_LINE
    BLOCK = policy_pb2.TEXT_BLOCK
    CODE = policy_pb2.TEXT_CODE
    UUID = -1


@dataclass(frozen=True, slots=True)
class TextField:
    """A field that is a text, or that has texts within.

    Attributes:
        name: As the proto has it.
        json_name: As JSON has it.
        is_list: Whether it is repeated.
        kind: Of the text, or of each text of a list; None for a message.
        most_characters: Of each text.
        most_items: Of a list.
        within: The text fields of a message, or of each message of a list.
    """

    name: str
    json_name: str
    is_list: bool
    kind: TextKind | None
    most_characters: int
    most_items: int
    within: "Mapping[int, TextField]"


@cache
def text_fields_of(kind: Descriptor) -> Mapping[int, TextField]:
    """The text fields of a kind of message by their numbers, with those of the messages within."""
    known = {field.number: _of_field(field) for field in kind.fields}
    return {number: each for number, each in known.items() if each.kind is not None or each.within}


def _of_field(field: FieldDescriptor) -> TextField:
    bounds = bounds_of(field.containing_type).get(field.number) if field.containing_type else None
    return TextField(
        name=field.name,
        json_name=json_name(field.name),
        is_list=field.is_repeated,
        kind=_kind(field) if field.type == FieldDescriptor.TYPE_STRING else None,
        most_characters=(bounds.most_characters if bounds else None) or 0,
        most_items=(bounds.most_items if bounds else None) or 0,
        within=text_fields_of(field.message_type) if field.message_type else {},
    )


def _kind(field: FieldDescriptor) -> TextKind | None:
    options = field.GetOptions()
    rules = options.Extensions[rules_pb2.field]
    if (rules.repeated.items if field.is_repeated else rules).string.uuid:
        return TextKind.UUID
    kind = options.Extensions[policy_pb2.text]
    return TextKind(kind) if kind else None
