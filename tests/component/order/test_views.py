"""Reading orders: one, a customer's, everybody's, and watching one."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.kernel.paging import InvalidPageToken
from services.order.application.place_order import PlaceOrder
from services.order.application.ports import Search, Selection
from services.order.application.queries.order_views import Page
from services.order.domain.errors import OrderNotFound
from services.order.domain.lines import Line
from services.order.domain.order import OrderState, order_id_of
from tests.support.order_world import (
    ADDRESS,
    ALICE,
    ALL_OF_IT,
    BOB,
    OrderWorld,
    cause,
    in_time,
    mugs,
    open_world,
)

BREAKFAST = order_id_of(ALICE, "breakfast")
ALL = Search(Selection())


@pytest.fixture
async def world(tmp_path: Path, mongodb_or_none: str | None) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=mongodb_or_none) as opened:
        yield opened


async def test_an_order_is_read_back_with_its_address(world: OrderWorld) -> None:
    order = await world.place(mugs())

    view = await world.views.get(BREAKFAST, customer_id=ALICE)

    assert view.order == order
    assert view.shipping_address == ADDRESS


async def test_a_strangers_order_is_not_found(world: OrderWorld) -> None:
    await world.place(mugs())

    with pytest.raises(OrderNotFound):
        await world.views.get(BREAKFAST, customer_id=BOB)


async def test_the_address_is_stored_nowhere_in_the_clear(world: OrderWorld) -> None:
    await world.place(mugs())

    stored = b"".join(path.read_bytes() for path in world.home.iterdir())

    assert b"Amselweg" not in stored
    assert b"Ample" not in stored


async def test_a_customers_orders_are_listed_newest_first_page_by_page(world: OrderWorld) -> None:
    await world.place(mugs(1, customer_id=BOB))
    for number in range(5):
        # Two of them in the same instant.
        world.clock.advance(seconds=number % 2)
        await world.place(mugs(1, request_id=f"order-{number}"))

    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page = await world.views.newest(ALICE, requested_size=2, page_token=token)
        pages.append(requests(page))
        token = page.next_page_token

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(itertools.chain(*pages)) == [f"order-{number}" for number in range(5)]
    assert sorted(pages[0]) == ["order-3", "order-4"]
    assert pages[2] == ["order-0"]


async def test_an_order_that_was_just_placed_is_listed(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())

    assert requests(await world.views.newest(ALICE, requested_size=0, page_token="")) == ["breakfast"]


async def test_a_page_token_of_another_customer_is_refused(world: OrderWorld) -> None:
    for number in range(2):
        await world.place(mugs(1, request_id=f"order-{number}"))
    page = await world.views.newest(ALICE, requested_size=1, page_token="")

    with pytest.raises(InvalidPageToken):
        await world.views.newest(BOB, requested_size=1, page_token=page.next_page_token)


async def test_orders_are_found_by_customer_state_sku_and_time(world: OrderWorld) -> None:
    await world.place(mugs(1, request_id="early"))
    world.clock.advance(hours=1)
    noon = world.clock()
    await world.place(mugs(99, request_id="greedy"))
    await world.place(PlaceOrder(BOB, "tea", (Line("TEAPOT", 1), Line("MUG-RED", 1)), ADDRESS))
    await world.index()

    assert await found(world, ALL) == ["early", "greedy", "tea"]
    assert await found(world, Search(Selection(customer_id=BOB))) == ["tea"]
    assert await found(world, Search(Selection(), state=OrderState.REJECTED)) == ["greedy"]
    assert await found(world, Search(Selection(), sku="TEAPOT")) == ["tea"]
    assert await found(world, Search(Selection(max_place_time=noon))) == ["early"]
    assert await found(world, Search(Selection(min_place_time=noon), sku="MUG-RED")) == ["greedy", "tea"]


async def test_a_filtered_search_pages_too(world: OrderWorld) -> None:
    for number in range(3):
        world.clock.advance(seconds=1)
        await world.place(mugs(1, request_id=f"small-{number}"))
        await world.place(mugs(99, request_id=f"greedy-{number}"))
    await world.index()
    rejected = Search(Selection(), state=OrderState.REJECTED)

    first = await world.use_cases.search.find(rejected, requested_size=2, page_token="")
    second = await world.use_cases.search.find(rejected, requested_size=2, page_token=first.next_page_token)

    assert requests(first) == ["greedy-2", "greedy-1"]
    assert requests(second) == ["greedy-0"]
    assert second.next_page_token == ""


async def test_a_watcher_sees_the_order_now_each_change_and_the_end(world: OrderWorld) -> None:
    async with world.of_another_process() as other:
        await other.place(mugs())
        watching = asyncio.create_task(world.adapters.changes.run())
        states = []

        async for view in world.views.watch(await world.views.get(BREAKFAST, customer_id=ALICE)):
            states.append(view.order.state)
            if view.order.state is OrderState.CONFIRMED:
                await other.use_cases.fulfilment.ship(BREAKFAST, ALL_OF_IT, cause())
            elif view.order.state is OrderState.SHIPPED:
                await other.use_cases.fulfilment.deliver(BREAKFAST, cause())

        watching.cancel()
    assert states == [OrderState.CONFIRMED, OrderState.SHIPPED, OrderState.DELIVERED]


async def test_a_watch_of_a_final_order_ends_at_once(world: OrderWorld) -> None:
    await world.place(mugs())
    await world.orders.cancel(BREAKFAST, ALICE, cause(), deadline=in_time())

    view = await world.views.get(BREAKFAST, customer_id=ALICE)

    assert [each async for each in world.views.watch(view)] == [view]


async def found(world: OrderWorld, search: Search) -> list[str]:
    return sorted(requests(await world.use_cases.search.find(search, requested_size=0, page_token="")))


def requests(page: Page) -> list[str]:
    return [view.order.placed.request_id for view in page.orders]
