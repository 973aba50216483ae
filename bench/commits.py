"""Commits of orders as the order service stores them."""

from collections.abc import Sequence
from typing import cast

from bench.shop import skus
from services.kernel.clock import system_clock
from services.kernel.envelope import Envelope, hash_of
from services.kernel.ids import uuid7
from services.kernel.money import Money
from services.order.application.event_codec import payload_of, type_of
from services.order.application.journal import Cause, Journal
from services.order.application.ports import Commit, EventStore, StoredEvent
from services.order.domain.events import (
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderShipped,
    PlacedLine,
)

_CUSTOMER = "0192f000-0000-7000-8000-00000000a11c"
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENTS_PER_ORDER = 4
_PRICE = Money("EUR", 12, 900_000_000)
_PLACED = OrderPlaced(
    customer_id=_CUSTOMER,
    request_id="bench",
    lines=tuple(PlacedLine(sku, f"Product {sku}", 2) for sku in skus(3)),
    expected_total=None,
    shipping_address_sealed="A" * 200,
    command_digest="0" * 64,
)
_CONFIRMED = OrderConfirmed((_PRICE, _PRICE, _PRICE), Money("EUR", 77, 400_000_000))
_CAUSE = Cause(f"customer:{_CUSTOMER}", "command-1", "command-1", _TRACE)


async def new_order() -> Sequence[Commit]:
    """The commits of an order that went all the way, as the order service makes them."""
    kept = _Kept()
    journal = Journal(store=cast(EventStore, kept), clock=system_clock, new_id=uuid7)
    history = await journal.begin(uuid7(), _PLACED, _CAUSE, event_id=uuid7())
    for event in (_CONFIRMED, OrderShipped(), OrderDelivered()):
        history = await journal.append(history, event, _CAUSE)
    return kept.commits


class _Kept:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []

    async def append(self, commit: Commit) -> None:
        self.commits.append(commit)


def new_commit(*, is_open: bool = False) -> Commit:
    """The first commit of a new order: one event of about a kilobyte."""
    order_id, now = uuid7(), system_clock()
    envelope = Envelope(
        event_id=uuid7(),
        type=type_of(_PLACED),
        schema_version=1,
        key=order_id,
        version=1,
        occur_time=now,
        actor=f"customer:{_CUSTOMER}",
        correlation=order_id,
        causation=order_id,
        trace=_TRACE,
        payload=payload_of(_PLACED),
        prev_hash="",
    )
    body = envelope.body()
    return Commit(order_id, _CUSTOMER, now, (StoredEvent(1, body, hash_of(body)),), open=is_open)
