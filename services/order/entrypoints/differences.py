"""What differs between two states of an order, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict

from shopmesh.order.v1 import order_service_pb2 as pb

_MONEY_KEYS = {"currencyCode", "units", "nanos"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field with its two values as JSON; None where there is none."""

    path: str
    old_value: Any
    new_value: Any


def differences(old: pb.Order | None, new: pb.Order) -> tuple[Difference, ...]:
    """The fields that differ, in the order of the message. An amount of money is one field."""
    before = dict(_leaves({} if old is None else _document(old)))
    after = dict(_leaves(_document(new)))
    # The newer state's order, then what it does not have any more.
    paths = dict.fromkeys([*after, *before])
    return tuple(
        Difference(path, before.get(path), after.get(path))
        for path in paths
        # What comes or goes empty says nothing.
        if before.get(path) != after.get(path) and (before.get(path) or after.get(path))
    )


def _document(order: pb.Order) -> dict[str, Any]:
    return MessageToDict(order, always_print_fields_with_no_presence=True)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and not value.keys() <= _MONEY_KEYS:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    elif path:
        yield path, value
