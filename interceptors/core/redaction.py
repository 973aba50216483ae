"""Messages as plain values for the log, without personal data."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

REDACTED = "[redacted]"
_LONGEST_TEXT = 80
_MOST_ITEMS = 10


def redacted(message: Message, personal_fields: frozenset[str]) -> dict[str, Any]:
    """The set fields of a message, short; personal ones are replaced by a mark.

    Args:
        message: Any message of the contract.
        personal_fields: Full names of the fields that hold personal data.
    """
    return dict(_fields(message, personal_fields))


def _fields(message: Message, personal_fields: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for field, value in message.ListFields():
        if field.full_name in personal_fields:
            yield field.name, REDACTED
        elif field.is_repeated:
            items = list(value)[:_MOST_ITEMS]
            yield field.name, [_value(item, personal_fields) for item in items]
        else:
            yield field.name, _value(value, personal_fields)


def _value(value: Any, personal_fields: frozenset[str]) -> Any:
    if isinstance(value, Message):
        return redacted(value, personal_fields)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value[:_LONGEST_TEXT] if isinstance(value, str) else value
