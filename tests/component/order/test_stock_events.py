"""What the order service does about shortages, and about shipments that the warehouse tells of."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mesh.event_log import EventLog, Record, open_event_log
from mesh.event_log.inbox.inbox import INBOX_TABLES
from mesh.settings import MeshSettings
from mesh.topology import INVENTORY_EVENTS
from services.kernel.envelope import hash_of
from services.order.application.commands.shortages import Claim
from services.order.domain.errors import OrderIsCancelled, PartsNotReadable
from services.order.domain.events import LinePieces
from services.order.domain.order import Order, OrderState
from services.order.server import stock_consumer
from services.order.stores import open_database
from tests.support.events import envelope, running
from tests.support.order_world import ALICE, ALL_OF_IT, OrderWorld, cause, in_time, mugs, open_world
from tests.support.waiting import eventually

WAREHOUSE = cause("wms")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path) as opened:
        yield opened


async def confirmed(world: OrderWorld, *quantities: int) -> list[Order]:
    """Orders of red mugs, a minute apart, the oldest first."""
    orders = []
    for number, quantity in enumerate(quantities):
        world.clock.advance(minutes=1)
        orders.append(await world.place(mugs(quantity, request_id=f"request-{number}")))
    assert all(order.state is OrderState.CONFIRMED for order in orders)
    return orders


async def pending(world: OrderWorld, quantity: int) -> Order:
    """An order whose stock is held, and that waits for inventory to commit it."""
    world.inventory.be_silent("commit")
    order = await world.place(mugs(quantity, request_id="undecided"))
    world.inventory.answer_again()
    assert order.state is OrderState.PENDING
    return order


def claims(*orders: Order) -> list[Claim]:
    return [Claim(order.order_id, order.lines[0].quantity) for order in orders]


async def resolve(world: OrderWorld, missing: int, *orders: Order) -> int:
    return await world.use_cases.shortages.resolve(missing, claims(*orders), cause("system"))


async def states(world: OrderWorld, *orders: Order) -> list[str]:
    return [(await world.order(order.order_id)).state.name for order in orders]


async def test_the_newest_orders_give_way_until_nothing_is_missing(world: OrderWorld) -> None:
    old, middle, new = await confirmed(world, 3, 2, 1)

    assert await resolve(world, 2, old, new, middle) == 0

    assert await states(world, old, middle, new) == ["CONFIRMED", "CANCELLED", "CANCELLED"]
    assert world.inventory.available("MUG-RED") == 7
    history = await world.audit.history(new.order_id, customer_id=None, requested_size=9, page_token="")
    last = history.events[-1].envelope
    assert (last.type, last.actor, last.payload) == ("OrderCancelled", "system", {"reason": "SHORTAGE"})


async def test_undecided_orders_give_way_before_confirmed_ones(world: OrderWorld) -> None:
    undecided = await pending(world, 1)
    old, new = await confirmed(world, 3, 2)

    assert await resolve(world, 1, old, new, undecided) == 0

    assert await states(world, old, new, undecided) == ["CONFIRMED", "CONFIRMED", "CANCELLED"]


async def test_the_same_shortage_told_again_cancels_nothing_more(world: OrderWorld) -> None:
    old, new = await confirmed(world, 3, 2)

    for _ in range(3):
        assert await resolve(world, 2, old, new) == 0

    assert await states(world, old, new) == ["CONFIRMED", "CANCELLED"]


async def test_what_has_left_is_never_cancelled(world: OrderWorld) -> None:
    old, new = await confirmed(world, 3, 2)
    await world.use_cases.fulfilment.ship(new.order_id, ALL_OF_IT, WAREHOUSE)

    assert await resolve(world, 1, old, new) == 0

    assert await states(world, old, new) == ["CANCELLED", "SHIPPED"]


async def test_what_cannot_be_made_up_for_is_said(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)

    assert await resolve(world, 5, order) == 2
    assert await world.use_cases.shortages.resolve(1, [Claim("nobody", 4)], cause("system")) == 1


async def test_a_release_that_does_not_get_through_is_made_up_for(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)
    world.inventory.be_silent("release")

    assert await resolve(world, 1, order) == 0
    world.inventory.answer_again()
    assert world.inventory.available("MUG-RED") == 7
    world.clock.advance(seconds=10)
    await world.manage()

    assert world.inventory.available("MUG-RED") == 10


async def test_an_order_that_is_confirmed_meanwhile_is_cancelled_all_the_same(world: OrderWorld) -> None:
    undecided = await pending(world, 2)

    async def give_way() -> None:
        await resolve(world, 2, undecided)

    # The cancellation is appended right before the process manager's commit arrives.
    world.inventory.before["commit"] = give_way
    world.clock.advance(seconds=10)
    await world.manage()

    assert await world.types(undecided.order_id) == ["OrderPlaced", "OrderCancelled"]
    assert world.inventory.available("MUG-RED") == 10


async def test_a_cancellation_and_a_shipment_at_once_end_as_one_of_both(world: OrderWorld) -> None:
    orders = await confirmed(world, 1, 1, 1, 1, 1)

    async def ship(order: Order) -> None:
        try:
            await world.use_cases.fulfilment.ship(order.order_id, ALL_OF_IT, WAREHOUSE)
        except OrderIsCancelled:
            assert await states(world, order) == ["CANCELLED"]

    await asyncio.gather(*(ship(order) for order in orders), *(resolve(world, 1, order) for order in orders))

    for order in orders:
        assert len(await world.types(order.order_id)) == 3


async def reported(world: OrderWorld, order_id: str, total: int) -> None:
    line = LinePieces("MUG-RED", total)
    await world.use_cases.warehouse_shipments.record(order_id, line, f"parcel-{total}", WAREHOUSE)


async def test_a_shipment_that_the_warehouse_tells_of_first_is_recorded(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)

    for _ in range(2):
        await reported(world, order.order_id, 3)

    assert await world.types(order.order_id) == ["OrderPlaced", "OrderConfirmed", "OrderShipped"]
    history = await world.audit.history(order.order_id, customer_id=None, requested_size=9, page_token="")
    assert history.events[-1].envelope.actor == "wms"


async def test_an_undecided_order_that_has_left_is_decided_first(world: OrderWorld) -> None:
    order = await pending(world, 2)

    await reported(world, order.order_id, 2)

    assert await world.types(order.order_id) == ["OrderPlaced", "OrderConfirmed", "OrderShipped"]


async def test_a_warehouse_reports_an_order_piece_by_piece(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)

    for total, expected in (
        (1, "PARTIALLY_SHIPPED"),
        (2, "PARTIALLY_SHIPPED"),
        (1, "PARTIALLY_SHIPPED"),
        (4, "SHIPPED"),
    ):
        await reported(world, order.order_id, total)
        assert await states(world, order) == [expected]

    (line,) = (await world.order(order.order_id)).progress
    assert (line.shipped, line.open) == (3, 0)


async def test_a_report_of_before_part_shipments_ships_all_that_is_open(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)
    await reported(world, order.order_id, 1)

    await world.use_cases.warehouse_shipments.record_whole(order.order_id, WAREHOUSE)

    assert await states(world, order) == ["SHIPPED"]


async def test_a_cancelled_order_that_has_left_stays_cancelled(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 2)
    await world.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time())

    await reported(world, order.order_id, 2)
    await reported(world, "nobody", 1)

    assert await states(world, order) == ["CANCELLED"]


async def test_parts_wait_until_everybody_can_read_of_them(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)
    world.readers.are_new = False

    with pytest.raises(PartsNotReadable):
        await reported(world, order.order_id, 1)
    await reported(world, order.order_id, 3)

    assert await states(world, order) == ["SHIPPED"]
    page = await world.audit.history(order.order_id, customer_id=None, requested_size=9, page_token="")
    assert (page.events[-1].envelope.schema_version, page.events[-1].data) == (1, {})


async def test_inventorys_events_reach_the_orders(tmp_path: Path, world: OrderWorld) -> None:
    old, middle, new = await confirmed(world, 3, 2, 1)
    short = {"sku": "MUG-RED", "warehouse": "berlin", "missing": 1}
    short["claims"] = [
        {"orderId": claim.order_id, "quantity": claim.quantity} for claim in claims(new, middle, old)
    ]
    left = {"sku": "MUG-RED", "warehouse": "berlin", "orderId": old.order_id, "quantity": 3}

    async def both_are_done() -> bool:
        return await states(world, old, middle, new) == ["SHIPPED", "CONFIRMED", "CANCELLED"]

    async with (
        open_event_log(MeshSettings(home=tmp_path)) as log,
        open_database(tmp_path / "order_inbox.db", *INBOX_TABLES) as inbox,
        running(stock_consumer(inbox, log, world.use_cases, clock=world.clock).run()),
    ):
        await publish(log, 1, "StockShort", short)
        await publish(log, 1, "StockShort", short)
        await publish(log, 2, "ShipmentReported", left | {"afterCancel": False})
        await eventually(both_are_done, "one order is cancelled, another one shipped")

    history = await world.audit.history(new.order_id, customer_id=None, requested_size=9, page_token="")
    assert history.events[-1].envelope.causation == "event-MUG-RED-1"


async def publish(log: EventLog, version: int, type_: str, payload: dict[str, Any]) -> None:
    body = envelope(type_, "MUG-RED", version, payload).body()
    await log.publish(Record(INVENTORY_EVENTS, "MUG-RED", version, body, hash_of(body)))


async def test_who_gives_the_rest_back_says_what_has_left(world: OrderWorld) -> None:
    (order,) = await confirmed(world, 3)
    await reported(world, order.order_id, 1)
    world.inventory.be_silent("release")
    await world.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time())
    assert order.order_id not in world.inventory.shipped
    world.inventory.answer_again()
    world.clock.advance(minutes=1)

    await world.manage()

    assert world.inventory.shipped[order.order_id] == (LinePieces("MUG-RED", 1),)
