"""A precompiled check of common requests: those that pass need no protovalidate.

protovalidate's tables are cold in the processor's cache when it runs once per call, and then cost more than
the token and the limit together (docs/decisions/0017). Only protovalidate decides what is wrong with a
request.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from buf.validate import validate_pb2 as rules_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Check = Callable[[Any], bool]

_PLAIN_PATTERN = re.compile(r"\^([\w\[\]{},!~-]+)\$", re.ASCII)
"""A pattern that means the same to Python and to RE2: letters, sets of them, and how many."""


def plain_check(kind: type[Message]) -> Check | None:
    """A check that says yes only to messages of a kind that keep all their rules.

    Returns:
        The check, or None where the kind has other rules than patterns of texts, alone or in lists, and
        lengths of lists.
    """
    if kind.DESCRIPTOR.GetOptions().HasExtension(rules_pb2.message) or kind.DESCRIPTOR.oneofs:
        return None
    checks: list[Check] = []
    for field in kind.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            return None
        rules = field.GetOptions().Extensions[rules_pb2.field]
        if rules == rules_pb2.FieldRules():
            continue
        check = _of_list(field.name, rules) if field.is_repeated else _of_text(field.name, rules)
        if check is None:
            return None
        checks.append(check)
    return checks[0] if len(checks) == 1 else lambda request: all(check(request) for check in checks)


def _of_list(name: str, rules: rules_pb2.FieldRules) -> Check | None:
    pattern = _plain_pattern(rules.repeated.items)
    fewest, most = rules.repeated.min_items, rules.repeated.max_items
    known = rules_pb2.RepeatedRules(min_items=fewest, max_items=most, items=rules.repeated.items)
    if pattern is None or rules != rules_pb2.FieldRules(repeated=known):
        return None
    texts = attrgetter(name)
    # One match of all texts as lines is cheaper than one for each; no plain pattern has a line end.
    matches = re.compile(rf"(?:{pattern}\n)*+").fullmatch

    def check(message: Any) -> bool:
        listed = texts(message)
        if not fewest <= len(listed) <= most:
            return False
        lines = "\n".join((*listed, ""))
        return lines.count("\n") == len(listed) and matches(lines) is not None

    return check


def _of_text(name: str, rules: rules_pb2.FieldRules) -> Check | None:
    pattern = _plain_pattern(rules)
    if pattern is None:
        return None
    text, matches = attrgetter(name), re.compile(pattern).fullmatch
    return lambda message: matches(text(message)) is not None


def _plain_pattern(rules: rules_pb2.FieldRules) -> str | None:
    """The pattern of a whole text whose only rule is a plain one."""
    pattern = rules.string.pattern
    plain = _PLAIN_PATTERN.fullmatch(pattern)
    if plain is None or rules != rules_pb2.FieldRules(string=rules_pb2.StringRules(pattern=pattern)):
        return None
    return plain.group(1)
