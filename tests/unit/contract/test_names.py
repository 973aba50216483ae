"""The mesh and the services name fields as the protobuf compiler does."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet

from mesh.contract.names import json_name
from services.kernel import names


def _fields(messages: Iterator[DescriptorProto]) -> Iterator[tuple[str, str]]:
    for message in messages:
        yield from ((field.name, field.json_name) for field in message.field)
        yield from _fields(iter(message.nested_type))


DESCRIBED = FileDescriptorSet.FromString(files("shopmesh").joinpath("shopmesh.binpb").read_bytes())
FIELDS = sorted({pair for file in DESCRIBED.file for pair in _fields(iter(file.message_type))})


@pytest.mark.parametrize(("name", "expected"), FIELDS)
def test_a_field_has_the_name_that_the_compiler_gives_it(name: str, expected: str) -> None:
    assert json_name(name) == names.json_name(name) == expected
