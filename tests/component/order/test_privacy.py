"""Closing and erasing customers: nothing new is stored, nothing old is readable, all of it verifies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.order.domain.errors import CustomerClosed, OpenOrders
from services.order.domain.order import OrderState, order_id_of
from tests.support.order_world import ALICE, ALL_OF_IT, BOB, OrderWorld, cause, in_time, mugs, open_world

BREAKFAST = order_id_of(ALICE, "breakfast")


@pytest.fixture
async def world(tmp_path: Path, mongodb_or_none: str | None) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=mongodb_or_none) as opened:
        yield opened


async def let_events_pass(world: OrderWorld) -> None:
    """Place an order of Alice's and take it back."""
    await world.place(mugs())
    await world.orders.cancel(BREAKFAST, ALICE, cause(), deadline=in_time())


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.CONFIRMED, OrderState.SHIPPED])
async def test_a_customer_with_an_order_under_way_stays_open(world: OrderWorld, state: OrderState) -> None:
    if state is OrderState.PENDING:
        world.inventory.be_silent()
    await world.place(mugs())
    if state is OrderState.SHIPPED:
        await world.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause())

    with pytest.raises(OpenOrders):
        await world.customers.close(ALICE)

    world.inventory.answer_again()
    assert (await world.place(mugs(request_id="next"))).state is OrderState.CONFIRMED


async def test_a_customer_without_orders_under_way_is_closed_repeatably(world: OrderWorld) -> None:
    await let_events_pass(world)

    await world.customers.close(ALICE)
    await world.customers.close(ALICE)

    with pytest.raises(CustomerClosed):
        await world.place(mugs(request_id="next"))


async def test_a_refused_closing_takes_back_its_own_mark_only(world: OrderWorld) -> None:
    await world.place(mugs())
    await world.adapters.vault.close(ALICE, "the mark of another call")

    with pytest.raises(OpenOrders):
        await world.customers.close(ALICE)

    with pytest.raises(CustomerClosed):
        await world.place(mugs(request_id="next"))


async def test_a_repeat_is_answered_while_the_customer_is_being_closed(world: OrderWorld) -> None:
    await let_events_pass(world)
    await world.customers.close(ALICE)

    assert (await world.place(mugs())).state is OrderState.CANCELLED


async def test_an_erased_customers_address_is_gone_and_the_order_still_verifies(world: OrderWorld) -> None:
    await let_events_pass(world)
    await world.customers.erase(ALICE)

    view = await world.views.get(BREAKFAST, customer_id=ALICE)
    history = await world.audit.history(BREAKFAST, customer_id=None, requested_size=0, page_token="")

    assert view.shipping_address is None
    assert history.events[0].data["personalDataErased"] is True
    assert history.events[0].data["shippingAddress"] is None
    assert (await world.audit.verify(BREAKFAST)).valid


async def test_an_erased_customer_never_gets_a_key_again(world: OrderWorld) -> None:
    await let_events_pass(world)
    await world.customers.erase(ALICE)

    for request_id in ("breakfast", "next"):
        with pytest.raises(CustomerClosed):
            await world.place(mugs(request_id=request_id))


async def test_erasing_one_customer_touches_no_other(world: OrderWorld) -> None:
    await world.place(mugs(customer_id=BOB))
    await world.customers.erase(ALICE)

    view = await world.views.get(order_id_of(BOB, "breakfast"), customer_id=BOB)

    assert view.shipping_address is not None
