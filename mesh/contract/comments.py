"""The comments of the protos, by the full name of what they describe."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto


def comments_of(own: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, str]]:
    for file in own:
        for location in file.source_code_info.location:
            if location.leading_comments:
                yield _element_name(file, tuple(location.path)), _text(location.leading_comments)


def _element_name(file: FileDescriptorProto, path: tuple[int, ...]) -> str:
    """The full name of what a source location's path points to (descriptor.proto)."""
    names: list[str] = [file.package]
    element: Any = file
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = element.DESCRIPTOR.fields_by_number[number]
        if not field.is_repeated or field.message_type is None:
            break
        element = getattr(element, field.name)[index]
        names.append(getattr(element, "name", ""))
    return ".".join(names)


def _text(comment: str) -> str:
    paragraphs = "\n".join(line.strip() for line in comment.strip().splitlines()).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
