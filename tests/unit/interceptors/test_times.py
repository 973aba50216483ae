"""Timestamps that no calendar has are found wherever the contract has a timestamp."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from interceptors.validation.times import impossible_times
from mesh.contract import Method, load_contract
from mesh.contract.names import json_name

IMPOSSIBLE = (
    Timestamp(seconds=-62_135_596_801),
    Timestamp(seconds=253_402_300_800),
    Timestamp(seconds=2**63 - 1),
    Timestamp(nanos=-1),
    Timestamp(nanos=1_000_000_000),
)
POSSIBLE = (
    Timestamp(),
    Timestamp(seconds=-62_135_596_800),
    Timestamp(seconds=253_402_300_799, nanos=999_999_999),
)


def paths_of_times(kind: Any) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in kind.fields:
        if field.message_type is not None:
            if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
                yield (field,)
            else:
                yield from ((field, *rest) for rest in paths_of_times(field.message_type))


CASES = [
    pytest.param(method, path, id=f"{method.name}.{'.'.join(field.name for field in path)}")
    for method in load_contract().methods
    for path in paths_of_times(GetMessageClass(method.input).DESCRIPTOR)
]


def with_time(method: Method, path: tuple[FieldDescriptor, ...], time: Timestamp) -> tuple[Message, str]:
    """A request that has this time at a path, and how JSON callers write the path."""
    request = GetMessageClass(method.input)()
    message, names = request, []
    for field in path:
        value = getattr(message, field.name)
        message = value.add() if field.is_repeated else value
        names.append(json_name(field.name) + ("[0]" if field.is_repeated else ""))
    message.MergeFromString(time.SerializeToString())
    message.SetInParent()
    return request, ".".join(names)


@pytest.mark.parametrize(("method", "path"), CASES)
def test_an_impossible_time_is_named_by_its_path(method: Method, path: tuple[FieldDescriptor, ...]) -> None:
    for time in IMPOSSIBLE:
        request, name = with_time(method, path, time)
        assert [found for found, _ in impossible_times(request)] == [name]


@pytest.mark.parametrize(("method", "path"), CASES)
def test_a_possible_time_passes(method: Method, path: tuple[FieldDescriptor, ...]) -> None:
    for time in POSSIBLE:
        assert not list(impossible_times(with_time(method, path, time)[0]))


def test_the_contract_has_such_fields() -> None:
    assert len(CASES) >= 4
