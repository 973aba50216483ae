"""Requests as they arrive: their bytes, and what is wrong with bytes that are no request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no request.

    Attributes:
        fields: The texts in it that are not UTF-8; empty when it is damaged otherwise.
    """

    fields: tuple[str, ...]


def decoder(deserialize: Callable[[bytes], Message], request: Descriptor) -> Callable[[bytes], Any]:
    """A deserializer that never fails: grpc would answer INTERNAL before anybody could refuse.

    Args:
        deserialize: The generated one.
        request: The message that it makes.
    """

    def decode(raw_request: bytes) -> Message | Malformed:
        try:
            return deserialize(raw_request)
        except DecodeError:
            return Malformed(tuple(_broken_texts(raw_request, request)))

    return decode


def _fields(raw_request: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values as they were sent, repeated ones too."""
    fields = UnknownFieldSet(Empty.FromString(raw_request))
    for place in range(len(fields)):
        yield fields[place].field_number, fields[place].data


def _broken_texts(raw_request: bytes, request: Descriptor) -> Iterator[str]:
    try:
        sent = list(_fields(raw_request))
    except DecodeError:
        return
    for number, value in sent:
        field = request.fields_by_number.get(number)
        if field is not None and field.type == FieldDescriptor.TYPE_STRING and not _is_text(value):
            yield field.name


def _is_text(value: Any) -> bool:
    if not isinstance(value, bytes):
        return False
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
