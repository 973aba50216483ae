"""Cancelling, shipping and delivering, also when somebody else is faster."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.order.domain.errors import (
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsRejected,
    OrderNotConfirmed,
    OrderNotFound,
    OrderNotShipped,
)
from services.order.domain.events import CancelReason
from services.order.domain.order import Order, OrderState, order_id_of
from tests.support.order_world import ALICE, ALL_OF_IT, BOB, OrderWorld, cause, in_time, mugs, open_world

STAFF = "staff:admin"
BREAKFAST = order_id_of(ALICE, "breakfast")


@pytest.fixture
async def world(tmp_path: Path, mongodb_or_none: str | None) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=mongodb_or_none) as opened:
        yield opened


async def cancel(world: OrderWorld, order_id: str = BREAKFAST, customer_id: str = ALICE) -> Order:
    return await world.orders.cancel(order_id, customer_id, cause(), deadline=in_time())


async def test_a_confirmed_order_is_cancelled_and_its_stock_comes_back(world: OrderWorld) -> None:
    await world.place(mugs(2))

    order = await cancel(world)

    assert order.state is OrderState.CANCELLED
    assert order.cancel_reason is CancelReason.CUSTOMER
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_cancelling_again_changes_nothing(world: OrderWorld) -> None:
    await world.place(mugs())
    once = await cancel(world)

    assert await cancel(world) == once


async def test_a_strangers_order_looks_like_none(world: OrderWorld) -> None:
    await world.place(mugs())

    with pytest.raises(OrderNotFound) as strangers:
        await cancel(world, customer_id=BOB)
    with pytest.raises(OrderNotFound) as absent:
        await cancel(world, order_id=order_id_of(BOB, "nothing"), customer_id=BOB)

    assert str(strangers.value).replace(BREAKFAST, "") == str(absent.value).replace(
        order_id_of(BOB, "nothing"), ""
    )


async def test_an_order_is_shipped_and_delivered_once(world: OrderWorld) -> None:
    await world.place(mugs())

    assert (
        await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause(STAFF))
    ).state is OrderState.SHIPPED
    assert (await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause(STAFF))).version == 3
    assert (await world.use_cases.fulfilment.deliver(BREAKFAST, cause(STAFF))).state is OrderState.DELIVERED
    assert (await world.use_cases.fulfilment.deliver(BREAKFAST, cause(STAFF))).version == 4
    with pytest.raises(OrderAlreadyShipped):
        await cancel(world)


async def test_a_pending_order_can_be_cancelled_but_not_shipped(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())

    with pytest.raises(OrderNotConfirmed):
        await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause(STAFF))
    assert (await cancel(world)).state is OrderState.CANCELLED
    with pytest.raises(OrderIsCancelled):
        await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause(STAFF))


async def test_a_rejected_order_can_neither_be_cancelled_nor_shipped_nor_delivered(world: OrderWorld) -> None:
    await world.place(mugs(11))

    with pytest.raises(OrderIsRejected):
        await cancel(world)
    with pytest.raises(OrderIsRejected):
        await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause(STAFF))
    with pytest.raises(OrderNotShipped):
        await world.use_cases.fulfilment.deliver(BREAKFAST, cause(STAFF))


@pytest.mark.parametrize("step", ["reserve", "commit"])
async def test_a_cancellation_during_placing_wins_and_nothing_stays_kept(
    world: OrderWorld, step: str
) -> None:
    async def cancel_meanwhile() -> None:
        await cancel(world)

    world.inventory.before[step] = cancel_meanwhile

    order = await world.place(mugs(2))

    assert order.state is OrderState.CANCELLED
    assert await world.types(BREAKFAST) == ["OrderPlaced", "OrderCancelled"]
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_a_cancellation_between_commit_and_confirmation_wins(world: OrderWorld) -> None:
    """Its release is silent, so the placing call reads the winner and releases."""

    async def cancel_silently() -> None:
        world.inventory.be_silent("release")
        await cancel(world)
        world.inventory.answer_again()

    world.inventory.before["commit"] = cancel_silently

    order = await world.place(mugs(2))

    assert order.state is OrderState.CANCELLED
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_a_silent_release_is_made_up_for_by_the_process_manager(world: OrderWorld) -> None:
    await world.place(mugs(2))
    world.inventory.be_silent("release")

    assert (await cancel(world)).state is OrderState.CANCELLED
    assert world.inventory.available("MUG-RED") == 8

    world.inventory.answer_again()
    world.clock.advance(seconds=11)
    await world.manage()
    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_of_cancelling_and_shipping_at_once_over_two_processes_one_wins(world: OrderWorld) -> None:
    async with world.of_another_process() as other:
        for number in range(10):
            order = await world.place(mugs(1, request_id=f"race-{number}"))
            await asyncio.gather(
                world.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time()),
                other.use_cases.fulfilment.ship(order.order_id, ALL_OF_IT, cause(STAFF)),
                return_exceptions=True,
            )
            kinds = await world.types(order.order_id)
            assert kinds[2:] in (["OrderCancelled"], ["OrderShipped"])
