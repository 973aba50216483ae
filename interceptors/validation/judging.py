"""What is wrong with a request: what is beyond its bounds, or else what breaks the rules of its contents."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import protovalidate
import structlog
from google.protobuf.message import Message

from interceptors.validation.amounts import impossible_amounts
from interceptors.validation.bounds import Violation, exceeded
from interceptors.validation.fast_path import compiled_check
from interceptors.validation.masks import absent_values
from interceptors.validation.texts import normalise, text_problems
from interceptors.validation.times import impossible_times
from mesh.contract.bounds import bounds_of
from mesh.contract.names import json_name

MOST_NAMED = 20
"""How many violations are collected of one request."""
_FEW_ITEMS = 100

_UNJUDGED: Violation = ("", "cannot be judged by the rules of this method")
_log = structlog.get_logger()


class Judge:
    """Brings requests into their one form and finds what is wrong with them."""

    def __init__(self, *, fast_path: bool = True) -> None:
        self._fast_path = fast_path
        self._validator = protovalidate.Validator()
        self._compiled: dict[type, Callable[[Any], bool]] = {}

    def judge(self, request: Message) -> tuple[Message | None, tuple[Violation, ...]]:
        """Normalise a request in place, and judge it.

        Returns:
            The request as it was sent, where its texts had to be normalised; what is wrong with it.
        """
        keeps_rules = self._compiled.get(type(request)) or self._compile(type(request))
        if keeps_rules(request):
            return None, ()
        raw = normalise(request)
        if raw is not None and keeps_rules(request):
            return raw, ()
        return raw, violations_of(self._validator, request)

    def _compile(self, kind: type) -> Callable[[Any], bool]:
        check = compiled_check(kind) if self._fast_path else None
        self._compiled[kind] = check or _undecided
        return self._compiled[kind]


def _undecided(_request: Message) -> bool:
    return False


def violations_of(validator: protovalidate.Validator, message: Message) -> tuple[Violation, ...]:
    """What of a message is beyond its bounds, or else breaks the rules of its contents.

    Its texts are normalised (`texts.normalise`). Of many violations the first are named: it costs no more
    than the message is long.
    """
    beyond = tuple(islice(exceeded(message, bounds_of(message.DESCRIPTOR)), MOST_NAMED))
    return beyond or tuple(islice(_of_contents(validator, message), MOST_NAMED))


def _of_contents(validator: protovalidate.Validator, message: Message) -> Iterator[Violation]:
    try:
        first = validator.collect_violations(message, fail_fast=True)
        if first:
            yield from _first_of(validator, message, first[0].proto.field)
    except protovalidate.EvaluationError as error:
        # A rule that fails decides nothing: what it was to judge is not let through.
        _log.warning("rule_failed", kind=message.DESCRIPTOR.full_name, error=str(error))
        yield _UNJUDGED
    for also_wrong in (text_problems, impossible_times, impossible_amounts, absent_values):
        yield from also_wrong(message)


def _first_of(validator: protovalidate.Validator, message: Message, place: Any) -> Iterator[Violation]:
    """The violations from the first one on: each takes as long as a thousand that are none."""
    name, start = "", 0
    if _items(message) > _FEW_ITEMS and place is not None and place.elements[0].subscript is not None:
        name, start = place.elements[0].field_name, int(place.elements[0].subscript.value)
        part = _part(message, name, start, _FEW_ITEMS)
        message = part if _items(part) <= _FEW_ITEMS else _part(message, name, start, 1)
    for each in validator.collect_violations(message):
        yield _path(each.proto.field, name, start), each.proto.message


def _part(message: Message, name: str, start: int, count: int) -> Message:
    """The message with so many items of one of its lists only."""
    part = type(message)()
    part.CopyFrom(message)
    items = getattr(part, name)
    del items[start + count :]
    del items[:start]
    return part


def _items(message: Message) -> int:
    """How many items there are in lists at any depth."""
    count = 0
    for field, value in message.ListFields():
        if field.is_repeated:
            count += len(value)
        if field.message_type is not None and count <= _FEW_ITEMS:
            count += sum(map(_items, value if field.is_repeated else (value,)))
    return count


def _path(field: Any, cut: str = "", start: int = 0) -> str:
    """A violation's place as JSON callers write it, for example `lines[0].unitPrice`.

    Args:
        field: As protovalidate has it.
        cut: A list of which the first items are left out.
        start: How many.
    """
    return ".".join(_element(each, cut, start) for each in field.elements) if field else ""


def _element(element: Any, cut: str, start: int) -> str:
    name, subscript = json_name(element.field_name), element.subscript
    if subscript is None:
        return name
    return f"{name}[{subscript.value + start if element.field_name == cut else subscript.value}]"
