"""What order events do to reservations, through the real event log, inbox and outbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mesh.event_log import EventLog
from mesh.event_log.outbox.outbox import OutboxRelay
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.sql import sqlite_url
from mesh.topology import INVENTORY_EVENTS, ORDER_EVENTS
from services.inventory.adapters.tables import allocations, movements
from services.inventory.config import Settings
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.errors import ShipmentNotHeard
from services.inventory.domain.reservation import RequestedLine, ReservationState
from services.inventory.server import order_consumer
from services.kernel.envelope import Envelope
from tests.support.events import envelope, eventually, record, running
from tests.support.inventory.shop import ORDER, STAFF, Shop, order_id


@asynccontextmanager
async def consuming(shop: Shop, tmp_path: Path) -> AsyncIterator[EventLog]:
    async with SqliteEventLog.opened(tmp_path / "event_log.db") as log:
        settings = Settings(sqlite_url(tmp_path / "embedded" / "inventory.db"))
        consumer = order_consumer(
            shop.engine, log, clock=shop.clock, settings=settings, changed=lambda _skus: None
        )
        async with running(consumer.run(), OutboxRelay(shop.engine, log).run()):
            yield log


async def publish(log: EventLog, *types: str, number: int = 1) -> None:
    for version, each in enumerate(types, start=1):
        await log.publish(record(ORDER_EVENTS, envelope(each, order_id(number), version)))


async def reserve(shop: Shop, quantity: int = 2, *, committed: bool = True) -> None:
    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", quantity)], actor=ORDER)
    if committed:
        await shop.reservations.commit(order_id(1), actor=ORDER)


async def state_of(shop: Shop, number: int = 1) -> ReservationState | None:
    stored = await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(number)))
    return stored.state if stored else None


async def test_a_shipped_order_takes_its_pieces_off_the_shelf(shop: Shop, tmp_path: Path) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop)

    async with consuming(shop, tmp_path) as log:
        await publish(log, "OrderPlaced", "OrderConfirmed", "OrderShipped", "OrderDelivered")
        await eventually(lambda: _is(shop, ReservationState.SHIPPED))

    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.on_hand, stock.reserved) == (3, 3, 0)
    assert stock.shelves[0].unreported == 2
    [allocation] = await shop.rows(allocations)
    assert (allocation.quantity, allocation.gone, allocation.unreported) == (2, 2, 2)
    assert not await shop.discrepancies()


@pytest.mark.parametrize("event_type", ["OrderRejected", "OrderCancelled"])
async def test_an_order_that_was_given_up_is_released(shop: Shop, tmp_path: Path, event_type: str) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop, committed=event_type == "OrderCancelled")

    async with consuming(shop, tmp_path) as log:
        await publish(log, "OrderPlaced", event_type)
        await eventually(lambda: _is(shop, ReservationState.RELEASED))

    assert (await shop.stocks.get("MUG-RED")).available == 5
    released = (await shop.rows(movements))[-1]
    assert (released.cause, released.actor, released.causation) == (
        "RELEASE",
        "system",
        f"event-{order_id(1)}-2",
    )


async def test_an_order_rejected_before_its_reserve_arrives_keeps_it_out(shop: Shop, tmp_path: Path) -> None:
    async with consuming(shop, tmp_path) as log:
        await publish(log, "OrderPlaced", "OrderRejected")
        await eventually(lambda: _is(shop, ReservationState.RELEASED))


async def test_an_event_that_comes_again_moves_nothing(shop: Shop, tmp_path: Path) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop)

    async with consuming(shop, tmp_path) as log:
        await publish(log, "OrderPlaced", "OrderConfirmed", "OrderShipped")
        await publish(log, "OrderPlaced", "OrderConfirmed", "OrderShipped")
        await publish(log, "OrderPlaced", "OrderRejected", number=2)
        await eventually(lambda: _is(shop, ReservationState.RELEASED, number=2))

    assert (await shop.stocks.get("MUG-RED")).on_hand == 3
    assert not await shop.discrepancies()


async def test_nobody_gets_what_has_left_in_a_parcel_that_was_not_heard_of(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop, quantity=3)
    await shop.reservations.commit(order_id(1), actor=ORDER)

    with pytest.raises(ShipmentNotHeard, match="has shipped 2 of MUG-RED, events of 0 have come"):
        await shop.reservations.release(order_id(1), actor=ORDER, shipped={"MUG-RED": 2})
    kept = await shop.stocks.get("MUG-RED")
    await shop.reservations.ship(order_id(1), {"MUG-RED": 2}, actor=ORDER)
    for _ in range(2):
        await shop.reservations.release(order_id(1), actor=ORDER, shipped={"MUG-RED": 2})

    stock = await shop.stocks.get("MUG-RED")
    assert (kept.available, kept.on_hand, kept.reserved) == (2, 5, 3)
    assert (stock.available, stock.on_hand, stock.reserved) == (3, 3, 0)
    assert not await shop.discrepancies()


async def test_what_is_shipped_after_its_cancellation_is_missing_elsewhere(
    shop: Shop, tmp_path: Path
) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop, quantity=2)
    await shop.reservations.release(order_id(1), actor=ORDER)
    # Another order has claimed all of it meanwhile.
    await shop.reservations.reserve(order_id(2), [RequestedLine("MUG-RED", 5)], actor=ORDER)

    async with consuming(shop, tmp_path) as log, log.consume("test", [INVENTORY_EVENTS]) as subscription:
        await publish(log, "OrderPlaced", "OrderConfirmed", "OrderShipped")
        [delivery] = await subscription.poll()
        sent = Envelope.from_body(delivery.record.body)

    assert sent.type == "StockShort"
    assert sent.payload == {
        "sku": "MUG-RED",
        "warehouse": "berlin",
        "missing": 2,
        "claims": [{"orderId": order_id(2), "quantity": 5}],
    }
    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.on_hand, stock.reserved) == (0, 3, 5)
    assert not await shop.discrepancies()


async def test_more_pieces_may_come_while_some_are_missing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await reserve(shop, quantity=2)
    await shop.reservations.release(order_id(1), actor=ORDER)
    await shop.reservations.reserve(order_id(2), [RequestedLine("MUG-RED", 5)], actor=ORDER)
    await shop.reservations.ship(order_id(1), actor="wms")

    stock = await shop.stocks.adjust(AdjustStock(STAFF, "found", "MUG-RED", "", 1, "found one"), actor=STAFF)

    assert (stock.on_hand, stock.shelves[0].missing) == (4, 1)


async def _is(shop: Shop, state: ReservationState, number: int = 1) -> bool:
    return await state_of(shop, number) is state
