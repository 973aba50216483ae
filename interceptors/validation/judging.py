"""What is wrong with a request: what is beyond its bounds, or else what breaks the rules of its contents."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import protovalidate
import structlog
from google.protobuf.message import Message

from interceptors.validation.bounds import Violation, exceeded
from interceptors.validation.times import impossible_times
from mesh.contract.bounds import bounds_of
from mesh.contract.names import json_name

MOST_NAMED = 20
"""How many violations are collected of one request."""
_FEW_ITEMS = 100

_UNJUDGED: Violation = ("", "cannot be judged by the rules of this method")
_log = structlog.get_logger()


def violations_of(validator: protovalidate.Validator, message: Message) -> tuple[Violation, ...]:
    """What of a message is beyond its bounds, or else breaks the rules of its contents.

    Of many violations the first are named: it costs no more than the message is long.
    """
    beyond = tuple(islice(exceeded(message, bounds_of(message.DESCRIPTOR)), MOST_NAMED))
    return beyond or tuple(islice(_of_contents(validator, message), MOST_NAMED))


def _of_contents(validator: protovalidate.Validator, message: Message) -> Iterator[Violation]:
    try:
        first = validator.collect_violations(message, fail_fast=True)
        if first:
            yield from _read(_several(validator, message, first))
    except protovalidate.EvaluationError as error:
        # A rule that fails decides nothing: what it was to judge is not let through.
        _log.warning("rule_failed", kind=message.DESCRIPTOR.full_name, error=str(error))
        yield _UNJUDGED
    yield from impossible_times(message)


def _several(validator: protovalidate.Validator, message: Message, first: Sequence[Any]) -> Sequence[Any]:
    """All violations, unless there might be many: each takes as long as a thousand that are none."""
    return validator.collect_violations(message) if _items(message) <= _FEW_ITEMS else first


def _items(message: Message) -> int:
    """How many items there are in lists at any depth."""
    count = 0
    for field, value in message.ListFields():
        if field.is_repeated:
            count += len(value)
        if field.message_type is not None and count <= _FEW_ITEMS:
            count += sum(map(_items, value if field.is_repeated else (value,)))
    return count


def _read(violations: Iterable[Any]) -> Iterator[Violation]:
    return ((_path(each.proto.field), each.proto.message) for each in violations)


def _path(field: Any) -> str:
    """A violation's place as JSON callers write it, for example `lines[0].unitPrice`."""
    return ".".join(_element(each) for each in field.elements) if field else ""


def _element(element: Any) -> str:
    name = json_name(element.field_name)
    subscript = element.subscript
    return f"{name}[{subscript.value}]" if subscript is not None else name
