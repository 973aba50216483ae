"""What stored events look like, byte by byte: they are never rewritten, so this never changes.

A new version of a payload gets golden files of its own beside the old ones.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from services.kernel.envelope import Envelope
from services.kernel.money import Money
from services.order.application.event_codec import (
    SCHEMA_VERSIONS,
    UnknownEvent,
    occurrence_of,
    payload_of,
    schema_version_of,
    type_of,
)
from services.order.domain.events import (
    CancelReason,
    LinePieces,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    PlacedLine,
    RejectionReason,
    ShortLine,
)
from shopmesh.order.v1 import order_events_pb2
from tests.support.order_world import ALICE, MORNING, TRACE

GOLDEN = Path(__file__).with_name("golden")
OLDER_FORM = GOLDEN / "time_with_offset"
EVENTS: dict[str, OrderEvent] = {
    "order_placed_v1": OrderPlaced(
        customer_id=ALICE,
        request_id="breakfast",
        lines=(PlacedLine("MUG-RED", "Rote Tasse für Frühaufsteher", 2), PlacedLine("TEAPOT", "", 1)),
        expected_total=Money("EUR", 55),
        shipping_address_sealed="c2VhbGVk",
        command_digest="ab" * 32,
    ),
    "order_placed_without_total_v1": OrderPlaced(
        customer_id=ALICE,
        request_id="lunch",
        lines=(PlacedLine("MUG-RED", "Red mug", 1),),
        expected_total=None,
        shipping_address_sealed="c2VhbGVk",
        command_digest="cd" * 32,
    ),
    "order_confirmed_v1": OrderConfirmed((Money("EUR", 12, 500_000_000), Money("EUR", 30)), Money("EUR", 55)),
    "order_rejected_out_of_stock_v1": OrderRejected(
        RejectionReason.OUT_OF_STOCK, (ShortLine("MUG-RED", 11, 10),), None, decided_later=True
    ),
    "order_rejected_price_changed_v1": OrderRejected(
        RejectionReason.PRICE_CHANGED, current_total=Money("EUR", 55, 10_000_000)
    ),
    "order_cancelled_v1": OrderCancelled(CancelReason.CUSTOMER),
    "order_shipped_v1": OrderShipped(rest=True),
    "order_shipped_v2": OrderShipped(
        "parcel-1",
        (LinePieces("MUG-RED", 1), LinePieces("TEAPOT", 1)),
        carrier="DHL",
        tracking_number="00340434",
    ),
    "order_remainder_cancelled_v1": OrderRemainderCancelled(
        CancelReason.SHORTAGE, (LinePieces("MUG-RED", 1),)
    ),
    "order_delivered_v1": OrderDelivered(),
}


def envelope(event: OrderEvent) -> Envelope:
    return Envelope(
        event_id="01936a5e-0000-7000-8000-000000000001",
        type=type_of(event),
        schema_version=schema_version_of(event),
        key="f0f1b2a5-62ae-5f0e-9d0b-0d8f2f3c7b11",
        version=1,
        occur_time=MORNING,
        actor=f"customer:{ALICE}",
        correlation="01936a5e-0000-7000-8000-000000000002",
        causation="01936a5e-0000-7000-8000-000000000002",
        trace=TRACE,
        payload=payload_of(event),
        prev_hash="",
    )


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_stored_as_it_always_was(name: str) -> None:
    assert envelope(EVENTS[name]).body() == GOLDEN.joinpath(f"{name}.json").read_bytes()


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.json")), ids=lambda path: path.stem)
def test_every_event_that_was_ever_stored_can_be_read(path: Path) -> None:
    occurrence = occurrence_of(Envelope.from_body(path.read_bytes()))

    assert occurrence.event == EVENTS[path.stem]
    assert occurrence.occur_time == MORNING


@pytest.mark.parametrize("path", sorted(OLDER_FORM.glob("*.json")), ids=lambda path: path.stem)
def test_an_event_in_an_older_form_is_canonical_and_differs_from_todays(path: Path) -> None:
    body = path.read_bytes()

    assert Envelope.from_body(body).is_canonical(body)
    assert Envelope.from_body(body).body() != body


@pytest.mark.parametrize("name", EVENTS)
def test_a_payload_is_the_json_of_its_message(name: str) -> None:
    message = getattr(order_events_pb2, type_of(EVENTS[name]))()

    ParseDict(json.loads(json.dumps(payload_of(EVENTS[name]))), message)


def test_every_message_of_the_contract_is_an_event_with_a_golden_file() -> None:
    names = order_events_pb2.DESCRIPTOR.message_types_by_name
    messages = {name for name in names if name.startswith("Order")}
    assert messages == set(SCHEMA_VERSIONS) == {type_of(event) for event in EVENTS.values()}


@pytest.mark.parametrize(("type_", "version"), [("OrderLost", 1), ("OrderShipped", 3)])
def test_an_event_of_the_future_is_refused(type_: str, version: int) -> None:
    of_the_future = replace(envelope(OrderShipped(rest=True)), type=type_, schema_version=version)

    with pytest.raises(UnknownEvent):
        occurrence_of(of_the_future)


def test_an_old_payload_is_brought_up_to_date_on_read_step_by_step() -> None:
    def with_reason(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**payload, "reason": "CUSTOMER"}

    def renamed(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"note": payload["comment"]}

    ancient = replace(
        envelope(OrderCancelled(CancelReason.CUSTOMER)), schema_version=-1, payload={"comment": "too big"}
    )

    upcasters = {("OrderCancelled", -1): renamed, ("OrderCancelled", 0): with_reason}
    assert occurrence_of(ancient, upcasters).event == OrderCancelled(CancelReason.CUSTOMER)
