"""Placing an order: steps 0 to 4 on the real event store and key vault."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from services.kernel.money import MixedCurrencies, Money
from services.order.application.place_order import PlaceOrder
from services.order.domain.errors import (
    CustomerClosed,
    InvalidAddress,
    InvalidLines,
    RequestIdReused,
    UnknownSku,
)
from services.order.domain.events import RejectionReason, ShortLine
from services.order.domain.lines import Line
from services.order.domain.order import OrderState, order_id_of
from services.order.server import wire
from tests.support.order_world import (
    ADDRESS,
    ALICE,
    BOB,
    MUG_PRICE,
    OrderWorld,
    cause,
    in_time,
    mugs,
    open_world,
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_an_order_is_confirmed_at_the_prices_of_its_reservation(world: OrderWorld) -> None:
    order = await world.place(mugs(2))

    assert order.state is OrderState.CONFIRMED
    assert order.unit_prices == (MUG_PRICE,)
    assert order.total == Money("EUR", 25)
    assert order.lines[0].name == "Red mug"
    assert order.order_id == order_id_of(ALICE, "breakfast")
    assert world.inventory.available("MUG-RED") == 8
    assert await world.types(order.order_id) == ["OrderPlaced", "OrderConfirmed"]
    assert not await world.is_open()


async def test_an_order_costs_three_calls_whatever_its_lines(world: OrderWorld) -> None:
    for number in range(50):
        world.inventory.sell(f"PIECE-{number}", MUG_PRICE, available=5)
    lines = tuple(Line(f"PIECE-{number}", 1) for number in range(50))

    await world.place(PlaceOrder(ALICE, "many", lines, ADDRESS))

    assert world.inventory.calls == ["products", "reserve", "commit"]


async def test_a_repeat_answers_the_order_as_it_is_now(world: OrderWorld) -> None:
    first = await world.place(mugs())
    world.inventory.retire("MUG-RED")

    assert await world.place(mugs()) == first
    assert world.inventory.calls == ["products", "reserve", "commit"]


async def test_a_rejected_order_stays_rejected(world: OrderWorld) -> None:
    await world.place(mugs(11))
    world.inventory.sell("MUG-RED", MUG_PRICE, available=100)

    assert (await world.place(mugs(11))).state is OrderState.REJECTED


@pytest.mark.parametrize(
    "other", [mugs(3), mugs(expected_total=Money("EUR", 25))], ids=["quantity", "expected total"]
)
async def test_another_command_under_the_same_request_id_is_refused(
    world: OrderWorld, other: PlaceOrder
) -> None:
    await world.place(mugs(2))

    with pytest.raises(RequestIdReused):
        await world.place(other)
    assert world.inventory.available("MUG-RED") == 8


async def test_two_customers_may_use_the_same_request_id(world: OrderWorld) -> None:
    of_alice = await world.place(mugs(1))
    of_bob = await world.place(mugs(1, customer_id=BOB))

    assert of_alice.order_id != of_bob.order_id


async def test_fifty_parallel_calls_over_two_processes_make_one_order(
    tmp_path: Path, world: OrderWorld
) -> None:
    async with open_world(tmp_path, inventory=world.inventory) as other:
        orders = await asyncio.gather(*((world, other)[number % 2].place(mugs(2)) for number in range(50)))

        assert {order.order_id for order in orders} == {order_id_of(ALICE, "breakfast")}
        assert await world.types(orders[0].order_id) == ["OrderPlaced", "OrderConfirmed"]
        assert world.inventory.available("MUG-RED") == 8
        assert world.inventory.calls.count("reserve") == 1


async def test_an_unknown_sku_is_refused_by_name_and_nothing_is_stored(world: OrderWorld) -> None:
    command = PlaceOrder(ALICE, "odd", (Line("MUG-RED", 1), Line("MUG-PINK", 1)), ADDRESS)

    with pytest.raises(UnknownSku) as refused:
        await world.place(command)

    assert refused.value.fields == (("lines[1].sku", "the shop does not sell MUG-PINK"),)
    assert await world.adapters.store.read(order_id_of(ALICE, "odd")) is None


async def test_lines_that_break_a_rule_are_refused_before_anything_is_asked(world: OrderWorld) -> None:
    with pytest.raises(InvalidLines):
        await world.place(mugs(0))
    assert world.inventory.calls == []


async def test_lines_in_two_currencies_are_refused_and_nothing_is_stored(world: OrderWorld) -> None:
    world.inventory.sell("BOWLER", Money("GBP", 20), available=5)
    command = PlaceOrder(ALICE, "mixed", (Line("MUG-RED", 1), Line("BOWLER", 1)), ADDRESS)

    with pytest.raises(MixedCurrencies):
        await world.place(command)
    assert await world.adapters.store.read(order_id_of(ALICE, "mixed")) is None


async def test_too_little_stock_rejects_the_order_and_keeps_nothing(world: OrderWorld) -> None:
    order = await world.place(mugs(11))

    assert order.state is OrderState.REJECTED
    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.OUT_OF_STOCK
    assert order.rejection.lines == (ShortLine("MUG-RED", requested=11, available=10),)
    assert not order.rejection.decided_later
    assert order.total is None
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_another_total_than_expected_rejects_the_order_and_names_the_current_one(
    world: OrderWorld,
) -> None:
    order = await world.place(mugs(2, expected_total=Money("EUR", 24)))

    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.PRICE_CHANGED
    assert order.rejection.current_total == Money("EUR", 25)
    assert world.inventory.available("MUG-RED") == 10


async def test_the_expected_total_confirms_the_order(world: OrderWorld) -> None:
    order = await world.place(mugs(2, expected_total=Money("EUR", 25)))

    assert order.state is OrderState.CONFIRMED


async def test_out_of_stock_wins_over_a_changed_price(world: OrderWorld) -> None:
    order = await world.place(mugs(11, expected_total=Money("EUR", 1)))

    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.OUT_OF_STOCK


async def test_a_sku_that_leaves_the_shop_meanwhile_rejects_the_order(world: OrderWorld) -> None:
    world.inventory.be_silent("products")
    world.inventory.retire("MUG-RED")

    order = await world.place(mugs(2))

    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.UNKNOWN_SKU
    assert order.rejection.lines == (ShortLine("MUG-RED", requested=2, available=0),)


async def test_a_silent_inventory_leaves_the_order_pending(world: OrderWorld) -> None:
    world.inventory.be_silent()

    order = await world.place(mugs())

    assert order.state is OrderState.PENDING
    assert order.lines[0].name == ""
    assert await world.is_open()


async def test_a_hold_that_ran_out_before_its_commit_is_made_anew(world: OrderWorld) -> None:
    order_id = order_id_of(ALICE, "breakfast")
    world.steps.once["stock_reserved"] = partial(world.inventory.expire, order_id)

    order = await world.place(mugs())

    assert order.state is OrderState.CONFIRMED
    assert world.inventory.calls == ["products", "reserve", "commit", "reserve", "commit"]
    assert world.inventory.available("MUG-RED") == 8


async def test_a_closed_customer_cannot_order(world: OrderWorld) -> None:
    await world.customers.close(ALICE)

    with pytest.raises(CustomerClosed):
        await world.place(mugs())
    assert await world.adapters.store.read(order_id_of(ALICE, "breakfast")) is None


async def test_an_order_that_crosses_with_the_closing_is_rejected(world: OrderWorld) -> None:
    world.steps.once["order_placed"] = partial(_mark_closed, world.home / "order_keys.db")

    with pytest.raises(CustomerClosed):
        await world.place(mugs())

    order = await world.order(order_id_of(ALICE, "breakfast"))
    assert order.state is OrderState.REJECTED
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


def _mark_closed(database: Path) -> None:
    """What another process does."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO closed_marks VALUES (?, 'a mark', '2026-11-23T09:00:00')", (ALICE,))


async def test_an_order_recorded_with_its_texts_as_they_were_sent_is_repeated(world: OrderWorld) -> None:
    address = replace(ADDRESS, recipient="  Zoe\u0308 Ample")
    as_sent = PlaceOrder(ALICE, "old", (Line("MUG-RED", 1),), address)
    command = replace(as_sent, shipping_address=replace(address, recipient="Zo\u00eb Ample"))
    # As orders were recorded when texts were not normalised.
    recorded = await world.place(as_sent)

    assert await world.orders.place(command, cause(), as_sent=as_sent, deadline=in_time()) == recorded
    with pytest.raises(RequestIdReused):
        await world.place(command)


async def test_an_order_recorded_when_addresses_were_not_judged_is_repeated(world: OrderWorld) -> None:
    permissive = wire(world.adapters, clock=world.clock, address_problems=lambda _: ()).orders
    command = PlaceOrder(ALICE, "old", (Line("MUG-RED", 1),), replace(ADDRESS, postal_code="?!"))
    recorded = await permissive.place(command, cause(), deadline=in_time())

    assert await world.place(command) == recorded
    with pytest.raises(InvalidAddress) as refused:
        await world.place(replace(command, request_id="new"))
    assert [field for field, _ in refused.value.fields] == ["shippingAddress.postalCode"]
