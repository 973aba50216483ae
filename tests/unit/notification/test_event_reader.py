"""Events as order and user write them, read for mails."""

from typing import Any

import pytest

from services.kernel.money import Money
from services.notification.domain.events import (
    MailRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    UserErased,
)
from services.notification.domain.order_summary import OrderedLine
from services.notification.domain.template import Purpose
from services.notification.entrypoints.event_reader import UnreadableEvent, read_event
from tests.support.events import envelope
from tests.support.mail import ALICE, MUG_ORDER

EUR_12_50 = {"currencyCode": "EUR", "units": "12", "nanos": 500_000_000}
PLACED = {"customerId": ALICE, "lines": [{"sku": "MUG-RED", "name": "Red mug", "quantity": 2}]}


@pytest.mark.parametrize(
    ("type_", "payload", "event"),
    [
        ("OrderPlaced", PLACED, OrderPlaced(MUG_ORDER, ALICE, (OrderedLine("MUG-RED", "Red mug", 2),))),
        (
            "OrderConfirmed",
            {"unitPrices": [EUR_12_50], "total": {"currencyCode": "EUR", "units": "25"}},
            OrderConfirmed(MUG_ORDER, (Money("EUR", 12, 500_000_000),), Money("EUR", 25)),
        ),
        (
            "OrderRejected",
            {"reason": "OUT_OF_STOCK", "lines": [{"sku": "MUG-RED", "requested": 2}], "decidedLater": True},
            OrderRejected(MUG_ORDER, "OUT_OF_STOCK", {"MUG-RED": 0}, decided_later=True),
        ),
        (
            "OrderRejected",
            {"reason": "UNAVAILABLE"},
            OrderRejected(MUG_ORDER, "UNAVAILABLE", {}, decided_later=False),
        ),
        ("OrderCancelled", {"reason": "SHORTAGE"}, OrderCancelled(MUG_ORDER, "SHORTAGE")),
        ("OrderShipped", {}, OrderShipped(MUG_ORDER, 1, f"event-{MUG_ORDER}-1")),
        (
            "OrderRemainderCancelled",
            {"reason": "CUSTOMER", "lines": [{"sku": "MUG-RED", "quantity": 2}]},
            OrderRemainderCancelled(MUG_ORDER, "CUSTOMER", {"MUG-RED": 2}),
        ),
        (
            "MailRequested",
            {"userId": ALICE, "purpose": "RESET_PASSWORD", "requestId": MUG_ORDER},
            MailRequested(ALICE, Purpose.RESET_PASSWORD, MUG_ORDER),
        ),
        ("OrderDelivered", {}, OrderDelivered(MUG_ORDER)),
        ("UserErased", {"userId": ALICE}, UserErased(ALICE)),
    ],
)
def test_what_mails_come_from_is_read(type_: str, payload: dict[str, Any], event: object) -> None:
    assert read_event(envelope(type_, MUG_ORDER, 1, payload)) == event


@pytest.mark.parametrize("type_", ["UserRegistered", "EmailVerified", "SomethingNew"])
def test_what_mails_do_not_come_from_is_none(type_: str) -> None:
    assert read_event(envelope(type_, MUG_ORDER, 1, {"anything": 1})) is None


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("OrderPlaced", {"lines": []}),
        ("OrderPlaced", {"customerId": ALICE, "lines": [{"sku": "MUG-RED", "quantity": "two"}]}),
        ("OrderConfirmed", {"unitPrices": [], "total": None}),
        ("MailRequested", {"userId": ALICE, "purpose": "MARKETING", "requestId": MUG_ORDER}),
        ("UserErased", {}),
    ],
)
def test_what_is_malformed_is_refused(type_: str, payload: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEvent, match=type_):
        read_event(envelope(type_, MUG_ORDER, 1, payload))
