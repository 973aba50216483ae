"""A compiled check of requests: those that pass need no protovalidate and no other judging.

protovalidate's tables are cold in the processor's cache when it runs once per call, and then cost more than
the token and the limit together (docs/decisions/0017); in long lists it costs 8 µs an item. Only the plain
path (`judging`) decides what is wrong with a request.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from operator import attrgetter, methodcaller
from typing import Any

from buf.validate import validate_pb2 as rules_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from interceptors.validation.columns import Check, Column, Unknown, checks_of_values, normal_texts
from interceptors.validation.known_messages import EXPRESSIONS, KINDS
from interceptors.validation.masks import is_update
from mesh.contract.texts import text_fields_of

_LIBRARY = "google.protobuf"
"""Its messages have rules that stand nowhere, for example how long a mask may be."""

_OF_LISTS = frozenset({"min_items", "max_items", "items"})


def compiled_check(kind: type[Message]) -> Callable[[Any], bool] | None:
    """A check that says yes only to messages of a kind that are normalised and keep all their rules.

    Returns:
        The check, or None where the kind has a rule that cannot be compiled.
    """
    try:
        keeps = _all_of(checks_of_messages(kind.DESCRIPTOR))
    except Unknown:
        return None
    return lambda request: keeps((request,))


@cache
def checks_of_messages(kind: Descriptor) -> tuple[Check, ...]:
    """The checks of a column of messages of a kind.

    Raises:
        Unknown: See there.
    """
    if (known := KINDS.get(kind.full_name)) is not None:
        return (known,)
    if kind.GetOptions().HasExtension(rules_pb2.message) or is_update(kind):
        raise Unknown
    if kind.GetOptions().map_entry or kind.file.package == _LIBRARY:
        raise Unknown
    return tuple(chain(*map(_of_field, kind.fields), *map(_of_oneof, kind.oneofs)))


def _all_of(checks: tuple[Check, ...]) -> Check:
    def keeps(column: Column) -> bool:
        for check in checks:  # noqa: SIM110 - a generator for each of a hundred columns costs more than they do
            if not check(column):
                return False
        return True

    return checks[0] if len(checks) == 1 else keeps


def _of_oneof(oneof: OneofDescriptor) -> Iterator[Check]:
    rules = oneof.GetOptions().Extensions[rules_pb2.oneof]
    if rules.required:
        which = methodcaller("WhichOneof", oneof.name)
        yield lambda messages: all(map(which, messages))


def _of_field(field: FieldDescriptor) -> Iterator[Check]:
    rules = field.GetOptions().Extensions[rules_pb2.field]
    is_set = methodcaller("HasField", field.name)
    if rules.required:
        if not field.has_presence:
            raise Unknown
        yield lambda messages: all(map(is_set, messages))
    if field.is_repeated:
        yield from _of_lists(field, rules)
        return
    checks = _of_values(field, rules)
    if not checks:
        return
    keeps, value = _all_of(checks), attrgetter(field.name)
    if field.has_presence:
        yield lambda messages: keeps([value(each) for each in messages if is_set(each)])
    elif rules.ignore == rules_pb2.IGNORE_IF_ZERO_VALUE:
        yield lambda messages: keeps([each for each in map(value, messages) if each])
    else:
        yield lambda messages: keeps([*map(value, messages)])


def _of_lists(field: FieldDescriptor, rules: rules_pb2.FieldRules) -> Iterator[Check]:
    fewest, most, items = rules.repeated.min_items, rules.repeated.max_items, rules.repeated.items
    if not {rule.name for rule, _ in rules.repeated.ListFields()} <= _OF_LISTS:
        raise Unknown
    listed, of_lists = attrgetter(field.name), tuple(_of_expressions(rules))
    keeps, keep = _all_of(_of_values(field, items)), _all_of(of_lists)

    def check(messages: Column) -> bool:
        lists = [*map(listed, messages)]
        return all(fewest <= len(each) <= most for each in lists) and (
            keeps([*chain.from_iterable(lists)]) and keep(lists)
        )

    yield check


def _of_values(field: FieldDescriptor, rules: rules_pb2.FieldRules) -> tuple[Check, ...]:
    """The checks of the values of a field that are set, or of the items of its lists."""
    if field.message_type is not None:
        return (*checks_of_messages(field.message_type), *_of_expressions(rules))
    text = text_fields_of(field.containing_type).get(field.number)
    kind = () if text is None or text.kind is None else (normal_texts(text.kind),)
    return (*checks_of_values(field, rules), *kind)


def _of_expressions(rules: rules_pb2.FieldRules) -> Iterator[Check]:
    if rules.cel_expression:
        raise Unknown
    for rule in rules.cel:
        if rule.expression not in EXPRESSIONS:
            raise Unknown
        yield EXPRESSIONS[rule.expression]
