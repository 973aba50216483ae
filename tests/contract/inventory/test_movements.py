"""What every `Movements` promises, and the pages that are made of it."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.inventory.application.movements import RecordedMovements
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.errors import StockNotFound
from services.inventory.domain.movement import Cause, MovementFilter, RecordedMovement
from services.inventory.domain.reservation import RequestedLine
from services.kernel.paging import InvalidPageToken
from tests.support.events import MORNING
from tests.support.inventory.shop import ORDER, STAFF, Shop, order_id

HOUR = timedelta(hours=1)


async def adjusted(shop: Shop, number: int, warehouse: str = "berlin", sku: str = "MUG-RED") -> None:
    command = AdjustStock(STAFF, f"{sku}-{number}", sku, warehouse, number, f"number {number}")
    await shop.stocks.adjust(command, actor=STAFF)


def looked_at(shop: Shop) -> RecordedMovements:
    return RecordedMovements(movements=shop.movements, levels=shop.levels, feeds=shop.shelf_stories)


async def listed(
    shop: Shop, wanted: MovementFilter, *, size: int = 200, token: str = ""
) -> tuple[Sequence[RecordedMovement], str]:
    page = await looked_at(shop).list(wanted, size=size, page_token=token)
    return page.movements, page.next_page_token


async def numbers(shop: Shop, wanted: MovementFilter) -> list[int]:
    return [each.movement.book_quantity for each in (await listed(shop, wanted))[0]]


async def test_the_latest_movement_is_in_front_and_says_who_and_why(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    shop.clock.turn_on(HOUR)
    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", 2)], actor=ORDER)

    latest, first = (await listed(shop, MovementFilter("MUG-RED")))[0]

    assert (latest.movement.cause, latest.movement.held, latest.movement.book_quantity) == (
        Cause.RESERVE,
        2,
        0,
    )
    assert (latest.provenance.actor, latest.provenance.order_id) == (ORDER, order_id(1))
    assert latest.provenance.time == MORNING + HOUR
    assert (first.movement.cause, first.movement.book_quantity) == (Cause.ADJUST, 5)
    assert (first.provenance.actor, first.provenance.note) == (STAFF, "delivery")


async def test_movements_are_found_by_what_is_asked_for(shop: Shop) -> None:
    await shop.sell("MUG-RED")
    await shop.sell("MUG-BLUE")
    for number in (1, 2, 3):
        await adjusted(shop, number, "berlin" if number % 2 else "hamburg")
        await adjusted(shop, 10 * number, sku="MUG-BLUE")
        shop.clock.turn_on(HOUR)
    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", 1)], actor=ORDER)

    assert await numbers(shop, MovementFilter("MUG-RED")) == [0, 3, 2, 1]
    assert await numbers(shop, MovementFilter("MUG-BLUE")) == [30, 20, 10]
    assert await numbers(shop, MovementFilter("MUG-RED", warehouse="hamburg")) == [2]
    assert await numbers(shop, MovementFilter("MUG-RED", order_id=order_id(1))) == [0]
    assert await numbers(shop, MovementFilter("MUG-RED", order_id=order_id(2))) == []
    assert await numbers(shop, MovementFilter("MUG-RED", cause=Cause.ADJUST)) == [3, 2, 1]
    assert await numbers(shop, MovementFilter("MUG-RED", min_time=MORNING + HOUR)) == [0, 3, 2]
    assert await numbers(shop, MovementFilter("MUG-RED", max_time=MORNING + HOUR)) == [1]


async def test_pages_lead_through_movements_of_one_moment_and_of_many(shop: Shop) -> None:
    await shop.sell("MUG-RED")
    for number in range(1, 8):
        await adjusted(shop, number)
        if number % 3 == 0:
            shop.clock.turn_on(HOUR)
    wanted, seen, token = MovementFilter("MUG-RED"), list[list[int]](), ""

    for _ in itertools.count():
        page, token = await listed(shop, wanted, size=2, token=token)
        seen.append([each.movement.book_quantity for each in page])
        if not token:
            break

    assert seen == [[7, 6], [5, 4], [3, 2], [1]]


async def test_a_page_token_leads_nowhere_else(shop: Shop) -> None:
    await shop.sell("MUG-RED")
    for number in (1, 2):
        await adjusted(shop, number)
    _, token = await listed(shop, MovementFilter("MUG-RED"), size=1)

    for other in (MovementFilter("MUG-BLUE"), MovementFilter("MUG-RED", cause=Cause.ADJUST)):
        with pytest.raises(InvalidPageToken):
            await listed(shop, other, token=token)


async def test_nothing_moved_of_a_product_that_nobody_stocked_and_an_unknown_one_is_refused(
    shop: Shop,
) -> None:
    await shop.sell("MUG-RED")

    assert await numbers(shop, MovementFilter("MUG-RED")) == []
    with pytest.raises(StockNotFound):
        await numbers(shop, MovementFilter("MUG-GONE"))
