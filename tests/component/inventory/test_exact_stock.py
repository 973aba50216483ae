"""Stock is exact, however many want it at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.inventory.adapters.tables import allocations
from services.inventory.application.reservations import Shortage
from services.inventory.domain.errors import ReservationReleased
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from tests.support.inventory.shop import HOLD, ORDER, Shop, open_shop_at, order_id


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """An empty shop, over each kind of database."""
    async with open_shop_at(database_url) as opened:
        yield opened


async def buy(shop: Shop, number: int, *lines: RequestedLine) -> Reservation | Shortage:
    outcome = await shop.reservations.reserve(order_id(number), lines, actor=ORDER)
    if isinstance(outcome, Shortage):
        return outcome
    return await shop.reservations.commit(order_id(number), actor=ORDER)


async def test_two_hundred_buyers_of_twenty_pieces_get_exactly_twenty(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=12, hamburg=8)

    outcomes = await asyncio.gather(
        *(buy(shop, number, RequestedLine("MUG-RED", 1)) for number in range(200))
    )

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Reservation": 20, "Shortage": 180}
    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.on_hand, stock.reserved) == (0, 20, 20)
    assert not await shop.discrepancies()


async def test_buyers_at_three_workers_share_the_same_pieces(shop: Shop, database_url: str) -> None:
    await shop.sell("MUG-RED", berlin=30)
    await shop.sell("MUG-BLUE", hamburg=25)
    both = RequestedLine("MUG-RED", 1), RequestedLine("MUG-BLUE", 1)

    async with AsyncExitStack() as stack:
        workers = [shop, *[await stack.enter_async_context(open_shop_at(database_url)) for _ in range(2)]]
        # Half of them name the SKUs the other way round: nobody waits in a circle.
        outcomes = await asyncio.gather(
            *(buy(workers[each % 3], each, *both[:: 1 if each % 2 else -1]) for each in range(90))
        )

    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 25
    assert (await shop.stocks.get("MUG-RED")).reserved == 25
    assert (await shop.stocks.get("MUG-BLUE")).available == 0
    assert not await shop.discrepancies()


async def test_a_split_order_gets_all_or_nothing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=3)

    outcomes = await asyncio.gather(*(buy(shop, number, RequestedLine("MUG-RED", 4)) for number in range(5)))

    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 1
    assert (await shop.stocks.get("MUG-RED")).reserved == 4


async def test_holds_that_run_out_come_back_once_though_two_workers_sweep(
    shop: Shop, database_url: str
) -> None:
    await shop.sell("MUG-RED", berlin=200)
    for number in range(120):
        await shop.reservations.reserve(order_id(number), [RequestedLine("MUG-RED", 1)], actor=ORDER)
    for number in range(20):
        await shop.reservations.commit(order_id(number), actor=ORDER)

    async with open_shop_at(database_url) as other:
        for each in (shop, other):
            each.clock.turn_on(HOLD)
        await asyncio.gather(shop.expiry.sweep(), other.expiry.sweep())

    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.reserved) == (180, 20)
    assert not await shop.discrepancies()


async def test_an_expired_hold_is_held_again_while_stock_allows(shop: Shop) -> None:
    await shop.sell("MUG-RED", "12.90", berlin=2)
    mugs = [RequestedLine("MUG-RED", 2)]
    first = await shop.reservations.reserve(order_id(1), mugs, actor=ORDER)
    shop.clock.turn_on(HOLD)
    assert await shop.expiry.sweep() == 1
    await shop.products.retire("MUG-RED", actor="staff:admin")

    again = await shop.reservations.reserve(order_id(1), mugs, actor=ORDER)

    assert isinstance(first, Reservation)
    assert isinstance(again, Reservation)
    assert again.state is ReservationState.HELD
    assert again.lines == first.lines
    assert (await shop.stocks.get("MUG-RED")).reserved == 2


async def test_an_expired_hold_whose_stock_went_to_others_falls_short(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=2)
    mugs = [RequestedLine("MUG-RED", 2)]
    await shop.reservations.reserve(order_id(1), mugs, actor=ORDER)
    shop.clock.turn_on(HOLD)
    await shop.expiry.sweep()
    await shop.reservations.reserve(order_id(2), mugs, actor=ORDER)

    again = await shop.reservations.reserve(order_id(1), mugs, actor=ORDER)

    assert isinstance(again, Shortage)
    assert again.shortfalls[0].available == 0


async def test_a_race_of_reserve_and_release_ends_free(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=50)

    async def reserve(number: int) -> None:
        try:
            await shop.reservations.reserve(order_id(number), [RequestedLine("MUG-RED", 1)], actor=ORDER)
        except ReservationReleased:
            return

    await asyncio.gather(
        *(reserve(number) for number in range(50)),
        *(shop.reservations.release(order_id(number), actor=ORDER) for number in range(50)),
    )

    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.reserved) == (50, 0)
    assert not await shop.discrepancies()


async def test_calls_that_are_cut_off_leave_nothing_half_done(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=100, hamburg=100)

    async def cut_off(number: int) -> None:
        buying = asyncio.create_task(buy(shop, number, RequestedLine("MUG-RED", 1)))
        for _ in range(number * 7 % 60):
            await asyncio.sleep(0)
        buying.cancel()
        await asyncio.gather(buying, return_exceptions=True)

    await asyncio.gather(*(cut_off(number) for number in range(120)))

    assert isinstance(await buy(shop, 1000, RequestedLine("MUG-RED", 1)), Reservation)
    kept = await shop.rows(allocations)
    assert (await shop.stocks.get("MUG-RED")).reserved == sum(part.quantity for part in kept)
    assert not await shop.discrepancies()
