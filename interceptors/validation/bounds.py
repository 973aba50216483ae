"""What of a request is beyond its bounds: counts and lengths, judged before contents.

Rules about contents cost as much as there is to judge, some of them its square: they run on what is within
bounds only. This look costs a step for each list and text that is set. Texts of a list are left to the rules:
to read them costs what they are long.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from mesh.contract.bounds import FieldBounds

Violation = tuple[str, str]
"""Where, as JSON callers write it, and what is allowed there."""


def exceeded(message: Message, bounds: Mapping[int, FieldBounds]) -> Iterator[Violation]:
    """All that is beyond its bounds in a message, as it is found.

    Args:
        message: Any.
        bounds: Those of its kind, see `bounds_of`.
    """
    for descriptor, value in message.ListFields():
        field = bounds.get(descriptor.number)
        if field is not None:
            yield from _of_list(value, field) if field.is_list else _of_value(value, field)


def _of_list(items: Any, field: FieldBounds) -> Iterator[Violation]:
    if field.most_items is not None and len(items) > field.most_items:
        # What is in it is not looked at.
        yield field.json_name, f"may have {field.most_items} items at most, not {len(items)}"
    elif field.within:
        for index, each in enumerate(items):
            for where, what in exceeded(each, field.within):
                yield f"{field.json_name}[{index}].{where}", what


def _of_value(value: Any, field: FieldBounds) -> Iterator[Violation]:
    if field.within:
        yield from ((f"{field.json_name}.{where}", what) for where, what in exceeded(value, field.within))
    elif field.most_characters is not None and len(value) > field.most_characters:
        yield field.json_name, f"may have {field.most_characters} characters at most, not {len(value)}"
