"""Reservations that arrive together share transactions, and each has an outcome of its own."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from mesh import sql
from mesh.backends.running import Server
from services.inventory.adapters.ledger_groups import MOST_TOGETHER
from services.inventory.adapters.reservations_sql import find_reservations
from services.inventory.adapters.tables import movements, reservations
from services.inventory.application.reservations import Shortage
from services.inventory.domain.errors import ReservationDiffers, ReservationNotFound, ReservationReleased
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from services.kernel.errors import DomainError
from tests.support.inventory.shop import HOLD, ORDER, Shop, open_shop_at, order_id
from tests.support.real_sql import fresh_database

RED = (RequestedLine("MUG-RED", 1),)


def committed() -> float:
    """How many transactions that wrote this process has committed."""
    return REGISTRY.get_sample_value("shopmesh_write_transactions_total") or 0.0


async def reserve(shop: Shop, number: int, *wanted: RequestedLine) -> Reservation | Shortage | DomainError:
    try:
        return await shop.reservations.reserve(order_id(number), wanted or RED, actor=ORDER)
    except DomainError as refusal:
        return refusal


async def commit(shop: Shop, number: int) -> Reservation | DomainError:
    try:
        return await shop.reservations.commit(order_id(number), actor=ORDER)
    except DomainError as refusal:
        return refusal


async def test_many_at_once_get_every_piece_and_no_more_in_few_transactions(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=30, hamburg=20)
    orders = range(1, 3 * MOST_TOGETHER + 1)

    before = committed()
    outcomes = await asyncio.gather(*(reserve(shop, number) for number in orders))

    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 50
    assert sum(isinstance(outcome, Shortage) for outcome in outcomes) == len(orders) - 50
    assert 0 < committed() - before <= 4
    assert (await shop.stocks.get("MUG-RED")).reserved == 50
    assert not await shop.discrepancies()


async def test_holds_are_committed_together_and_with_those_of_others(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=30)
    held = range(1, 21)
    await asyncio.gather(*(reserve(shop, number) for number in held))

    before = committed()
    outcomes = await asyncio.gather(
        *(commit(shop, number) for number in (*held, 1, 99)),
        *(reserve(shop, number) for number in range(31, 46)),
    )

    assert 0 < committed() - before <= 3
    states = [each.state for each in outcomes[:21] if isinstance(each, Reservation)]
    assert states == [ReservationState.COMMITTED] * 21
    assert isinstance(outcomes[21], ReservationNotFound)
    # What was held is nobody else's, also while it is committed.
    assert [isinstance(each, Reservation) for each in outcomes[22:]] == [True] * 10 + [False] * 5
    assert not await shop.discrepancies()


async def test_each_order_of_a_group_has_movements_of_its_own(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    await asyncio.gather(*(reserve(shop, number) for number in (1, 2, 3)))

    taken = [row for row in await shop.rows(movements) if row.cause == "RESERVE"]
    assert {(row.order_id, row.held, row.actor) for row in taken} == {
        (order_id(number), 1, ORDER) for number in (1, 2, 3)
    }


async def test_what_is_wrong_with_one_order_is_told_to_it_alone(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await shop.reservations.release(order_id(1), actor=ORDER)
    await reserve(shop, 2)

    released, differing, unknown, fine = await asyncio.gather(
        reserve(shop, 1),
        reserve(shop, 2, RequestedLine("MUG-RED", 2)),
        reserve(shop, 3, RequestedLine("MUG-GONE", 1)),
        reserve(shop, 4),
    )

    assert isinstance(released, ReservationReleased)
    assert isinstance(differing, ReservationDiffers)
    assert isinstance(unknown, Shortage)
    assert unknown.shortfalls[0].unknown
    assert isinstance(fine, Reservation)
    assert (await shop.stocks.get("MUG-RED")).reserved == 2


async def test_the_same_order_many_times_at_once_is_held_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    outcomes = await asyncio.gather(*(reserve(shop, 1) for _ in range(10)))

    assert len({outcome.lines for outcome in outcomes if isinstance(outcome, Reservation)}) == 1
    assert all(isinstance(outcome, Reservation) for outcome in outcomes)
    assert (await shop.stocks.get("MUG-RED")).reserved == 1
    assert len(await shop.rows(reservations)) == 1


async def test_holds_that_ran_out_are_made_anew_beside_new_ones(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    await reserve(shop, 1)
    shop.clock.turn_on(2 * HOLD)
    await shop.expiry.sweep()

    outcomes = await asyncio.gather(*(reserve(shop, number) for number in (1, 2, 3, 4)))

    assert [isinstance(outcome, Reservation) for outcome in outcomes] == [True, True, True, False]
    assert (await shop.stocks.get("MUG-RED")).reserved == 3
    assert not await shop.discrepancies()


async def test_two_processes_share_the_last_pieces(database_url: str) -> None:
    async with open_shop_at(database_url) as one, open_shop_at(database_url) as other:
        await one.sell("MUG-RED", berlin=20)
        await one.sell("TEAPOT", berlin=200)
        teapot = RequestedLine("TEAPOT", 1)

        outcomes = await asyncio.gather(
            *(reserve(one, number, *RED, teapot) for number in range(1, 31)),
            *(reserve(other, number, *RED, teapot) for number in range(31, 61)),
        )

        assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 20
        assert sum(isinstance(outcome, Shortage) for outcome in outcomes) == 40
        for sku in ("MUG-RED", "TEAPOT"):
            assert (await one.stocks.get(sku)).reserved == 20
        assert not await one.discrepancies()


async def test_a_caller_who_goes_away_takes_nobody_else_along(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    leaving = asyncio.create_task(reserve(shop, 1))
    staying = asyncio.create_task(reserve(shop, 2))
    await asyncio.sleep(0)

    leaving.cancel()

    assert isinstance(await staying, Reservation)
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_who_decides_on_some_orders_keeps_nobody_from_deciding_on_others(
    mariadb: Server,
) -> None:
    with fresh_database(mariadb) as url:
        await _decide_on_both_halves(url)


async def _decide_on_both_halves(url: str) -> None:
    async with open_shop_at(url) as shop:
        await shop.sell("MUG-RED", berlin=20)
        await asyncio.gather(*(reserve(shop, number) for number in range(1, 11)))

        async with sql.write(shop.engine) as one, sql.write(shop.engine) as other:
            for session, numbers in ((one, range(1, 6)), (other, range(6, 11))):
                found = await find_reservations(session, [order_id(number) for number in numbers])
                assert len(found) == len(numbers)
