"""Every field of every request, at any depth, and requests with a value there: cases follow the contract."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mesh.contract import load_contract
from mesh.contract.names import json_name


@dataclass(frozen=True)
class RequestField:
    """A field of a method's request and the message fields on the way to it.

    Attributes:
        method: The name of the method.
        kind: Of the request.
        way: From the request to the field, itself included.
    """

    method: str
    kind: Descriptor
    way: tuple[FieldDescriptor, ...]

    def __str__(self) -> str:
        return ".".join((self.method, *(field.name for field in self.way)))

    @property
    def field(self) -> FieldDescriptor:
        return self.way[-1]

    @property
    def path(self) -> str:
        """As JSON callers write it, with the first item of each list."""
        return ".".join(json_name(field.name) + ("[0]" if field.is_repeated else "") for field in self.way)

    def request(self, value: Any) -> Message:
        """A request with one value there, and nothing else."""
        request = message = GetMessageClass(self.kind)()
        for field in self.way[:-1]:
            message = _within(message, field)
        if self.field.message_type is not None:
            # Messages of the contract are of classes of their own.
            _within(message, self.field).MergeFromString(value.SerializeToString())
        elif self.field.is_repeated:
            getattr(message, self.field.name).append(value)
        else:
            setattr(message, self.field.name, value)
        return request

    def value(self, request: Message) -> Any:
        """What a request has there."""
        value: Any = request
        for field in self.way:
            value = getattr(value, field.name)
            value = value[0] if field.is_repeated else value
        return value


def request_fields(wanted: Callable[[FieldDescriptor], bool]) -> list[RequestField]:
    """All fields of all requests of which something is true."""
    return [
        RequestField(method.name, method.input, way)
        for method in load_contract().methods
        for way in _ways(method.input)
        if wanted(way[-1])
    ]


def _within(message: Any, field: FieldDescriptor) -> Any:
    inner = getattr(message, field.name)
    if field.is_repeated:
        return inner.add()
    inner.SetInParent()
    return inner


def _ways(kind: Descriptor) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in kind.fields:
        yield (field,)
        if field.message_type is not None:
            yield from ((field, *rest) for rest in _ways(field.message_type))
