"""A request is judged at a cost that its bounds limit, and never fails the judge."""

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from interceptors.validation.judging import MOST_NAMED, violations_of
from mesh.contract import load_contract
from mesh.contract.bounds import FieldBounds, bounds_of, unbounded_fields
from mesh.contract.names import json_name
from shopmesh.inventory.v1 import wms_service_pb2
from shopmesh.order.v1 import order_service_pb2

METHODS = load_contract().methods
VALIDATOR = protovalidate.Validator()


@dataclass(frozen=True)
class Place:
    """A bounded field of a method's request, and the message fields on the way to it."""

    method: str
    kind: Descriptor
    way: tuple[str, ...]
    bounds: FieldBounds

    def __str__(self) -> str:
        return ".".join((self.method, *self.way, self.bounds.name))

    @property
    def path(self) -> str:
        return ".".join([*(json_name(name) for name in self.way), self.bounds.json_name])


def places(method: str, kind: Descriptor, within: Descriptor, way: tuple[str, ...] = ()) -> Iterator[Place]:
    for bounds in bounds_of(within).values():
        yield Place(method, kind, way, bounds)
        below = within.fields_by_name[bounds.name].message_type
        if below is not None:
            yield from places(method, kind, below, (*way, bounds.name))


ALL = [place for method in METHODS for place in places(method.name, method.input, method.input)]
LISTS = [place for place in ALL if place.bounds.most_items is not None]
TEXTS = [place for place in ALL if place.bounds.most_characters is not None and not place.bounds.is_list]


class Counting:
    """Counts how often a validator is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def collect_violations(self, message: Message, *, fail_fast: bool = False) -> list[Any]:
        self.asked += 1
        return VALIDATOR.collect_violations(message, fail_fast=fail_fast)


class Failing:
    """Has a rule that fails."""

    def collect_violations(self, message: Message, *, fail_fast: bool = False) -> list[Any]:
        raise protovalidate.EvaluationError("error evaluating lines.unique_sku: Iteration budget exceeded")


def request_with(place: Place, value: Any) -> Message:
    request = message = GetMessageClass(place.kind)()
    for name in place.way:
        inner = getattr(message, name)
        message = inner.add() if hasattr(inner, "add") else inner
        message.SetInParent()
    if place.bounds.is_list:
        field = message.DESCRIPTOR.fields_by_name[place.bounds.name]
        items = getattr(message, place.bounds.name)
        for _ in range(value):
            items.add() if field.message_type is not None else items.append(empty_of(field))
    else:
        setattr(message, place.bounds.name, "x" * value)
    return request


def empty_of(field: Any) -> Any:
    return "" if field.type == FieldDescriptor.TYPE_STRING else 0


def steps(request: Message, validator: Any) -> int:
    """How many functions of Python are called to judge a request."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    # A collection that happens to begin here calls the finalizers of all that it finds.
    gc.disable()
    sys.setprofile(note)
    try:
        violations_of(validator, request)
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_list_and_text_of_a_request_has_a_bound(method: Any) -> None:
    assert list(unbounded_fields(method.input)) == []


@pytest.mark.parametrize("place", LISTS, ids=str)
def test_a_list_beyond_its_bound_costs_nothing_more_the_longer_it_is(place: Place) -> None:
    most = place.bounds.most_items
    assert most is not None
    validator = Counting()

    found = violations_of(validator, request_with(place, most + 1))  # type: ignore[arg-type]

    assert [what for path, what in found if path.replace("[0]", "") == place.path] == [
        f"may have {most} items at most, not {most + 1}"
    ]
    assert validator.asked == 0
    assert steps(request_with(place, 20 * most), validator) == steps(request_with(place, most + 1), validator)


@pytest.mark.parametrize("place", TEXTS, ids=str)
def test_a_text_beyond_its_bound_is_not_looked_into(place: Place) -> None:
    most, validator = place.bounds.most_characters, Counting()
    assert most is not None

    found = violations_of(validator, request_with(place, most + 1))  # type: ignore[arg-type]

    assert [what for path, what in found if path.replace("[0]", "") == place.path] == [
        f"may have {most} characters at most, not {most + 1}"
    ]
    assert validator.asked == 0


@pytest.mark.parametrize("place", LISTS, ids=str)
def test_within_bounds_the_cost_grows_no_faster_than_the_list(place: Place) -> None:
    most = place.bounds.most_items
    assert most is not None
    half, whole = (steps(request_with(place, count), VALIDATOR) for count in (most // 2, most))

    assert whole <= 2.2 * half + 100


@pytest.mark.parametrize("place", LISTS, ids=str)
def test_of_many_violations_the_first_are_named(place: Place) -> None:
    found = violations_of(VALIDATOR, request_with(place, place.bounds.most_items))

    assert len(found) <= MOST_NAMED


def test_a_rule_that_fails_refuses_the_request() -> None:
    request = order_service_pb2.QuoteOrderRequest()

    assert violations_of(Failing(), request) == (("", "cannot be judged by the rules of this method"),)  # type: ignore[arg-type]


def test_of_a_long_list_the_first_bad_items_are_named() -> None:
    request = wms_service_pb2.ReconcileStockRequest(repair=False)
    for number in range(1000):
        request.lines.add(
            sku="mug" if number > 700 and number % 7 == 0 else "MUG", warehouse="berlin", on_hand=0
        )

    found = [path for path, _ in violations_of(VALIDATOR, request)]

    assert found == [f"lines[{number}].sku" for number in range(707, 807, 7)]


def test_bad_items_of_a_short_list_are_all_named() -> None:
    request = wms_service_pb2.ReconcileStockRequest(repair=False)
    for sku in ("MUG-RED", "mug", "MUG-BLUE", ""):
        request.lines.add(sku=sku, warehouse="berlin", on_hand=0)

    assert [path for path, _ in violations_of(VALIDATOR, request)] == ["lines[1].sku", "lines[3].sku"]
