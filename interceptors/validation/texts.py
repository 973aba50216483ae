"""Texts that people entered: brought into one form where they stand in a request, and judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from google.protobuf.message import Message

from interceptors.validation.bounds import Violation
from interceptors.validation.characters import normalised, problem_of
from mesh.contract.texts import TextField, text_fields_of

_LONGEST_COMPOSITION = 4
"""So many characters at most become one when a text is composed."""
_MOST_AROUND = 64
"""So many at the ends of a text are taken off, not more."""

_Fields = Mapping[int, TextField]
_Change = Callable[[], None]


def normalise(message: Message) -> Message | None:
    """Bring the texts of a message into their one form, in place.

    What cannot be within its bounds afterwards is left as it is.

    Returns:
        The message as it was, or None where nothing had to be changed.
    """
    changes = tuple(_changes(message, text_fields_of(message.DESCRIPTOR)))
    if not changes:
        return None
    before = type(message)()
    before.CopyFrom(message)
    for change in changes:
        change()
    return before


def text_problems(message: Message) -> Iterator[Violation]:
    """What is wrong with the characters of a message's texts, which are normalised."""
    return _problems(message, text_fields_of(message.DESCRIPTOR))


def _changes(message: Message, fields: _Fields) -> Iterator[_Change]:
    for field in fields.values():
        value = getattr(message, field.name)
        if not field.is_list:
            if field.kind is None:
                if message.HasField(field.name):
                    yield from _changes(value, field.within)
            elif (wanted := _wanted(value, field)) != value:
                yield partial(setattr, message, field.name, wanted)
        elif len(value) <= field.most_items:
            yield from _changes_of_list(value, field)


def _changes_of_list(items: Any, field: TextField) -> Iterator[_Change]:
    if field.kind is None:
        for each in items:
            yield from _changes(each, field.within)
        return
    for index, each in enumerate(items):
        if (wanted := _wanted(each, field)) != each:
            yield partial(_set_item, items, index, wanted)


def _wanted(text: str, field: TextField) -> str:
    if field.kind is None or len(text) > field.most_characters * _LONGEST_COMPOSITION + _MOST_AROUND:
        return text
    return normalised(text, field.kind)


def _set_item(items: Any, index: int, text: str) -> None:
    items[index] = text


def _problems(message: Message, fields: _Fields) -> Iterator[Violation]:
    for descriptor, value in message.ListFields():
        field = fields.get(descriptor.number)
        if field is None:
            continue
        for place, each in _elements(field, value):
            if field.kind is None:
                yield from ((f"{place}.{where}", what) for where, what in _problems(each, field.within))
            elif problem := problem_of(each, field.kind):
                yield place, problem


def _elements(field: TextField, value: Any) -> Iterable[tuple[str, Any]]:
    if not field.is_list:
        return ((field.json_name, value),)
    return ((f"{field.json_name}[{index}]", each) for index, each in enumerate(value))
