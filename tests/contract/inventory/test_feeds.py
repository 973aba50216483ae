"""Feeds that are restarted: what every `WmsRecord` and `Feeds` promises, and what becomes of updates."""

import asyncio

import pytest

from services.inventory.adapters.tables import stock
from services.inventory.domain.errors import WarehouseNotFound
from services.inventory.domain.wms_update import (
    MANY_REFUSALS,
    MOST_AHEAD,
    Ack,
    Count,
    Delta,
    Result,
    StockUpdate,
)
from tests.support.events import MORNING
from tests.support.inventory.shop import STAFF, Shop

WMS = "client:wms"
SHELF = ("MUG-RED", "berlin")


async def sent(shop: Shop, sequence: int, change: Count | Delta, *, epoch: int = 0) -> Ack:
    return await shop.wms.apply(StockUpdate(*SHELF, sequence, change, epoch=epoch), actor=WMS)


async def result(shop: Shop, sequence: int, change: Count | Delta, *, epoch: int = 0) -> Result:
    return (await sent(shop, sequence, change, epoch=epoch)).result


async def started(shop: Shop, request_id: str = "restored", warehouse: str = "berlin") -> int:
    return await shop.feeds.start(warehouse, request_id=request_id, reason="restored", actor=WMS)


async def on_hand(shop: Shop) -> int:
    return (await shop.stocks.get("MUG-RED")).on_hand


async def position(shop: Shop) -> tuple[int, int]:
    (row,) = [each for each in await shop.rows(stock) if (each.sku, each.warehouse) == SHELF]
    return row.epoch, row.sequence


async def counted(shop: Shop, sequence: int = 7) -> None:
    """A shelf with five pieces, far into its first epoch."""
    await shop.sell("MUG-RED")
    assert await result(shop, sequence, Count(5)) is Result.APPLIED


async def test_a_shelf_counts_again_after_its_warehouse_was_restored(shop: Shop) -> None:
    await counted(shop)

    assert await started(shop) == 2
    assert await result(shop, 1, Delta(3)) is Result.COUNT_NEEDED
    assert await on_hand(shop) == 5
    assert await result(shop, 1, Count(9)) is Result.APPLIED
    assert await result(shop, 2, Delta(-2), epoch=2) is Result.APPLIED
    assert (await on_hand(shop), await position(shop)) == (7, (2, 2))


async def test_the_first_count_may_have_any_sequence_and_a_gap_behind_it_is_one(shop: Shop) -> None:
    await counted(shop, sequence=MOST_AHEAD)
    await started(shop)

    assert await result(shop, 3 * MOST_AHEAD, Count(4), epoch=2) is Result.APPLIED
    gap = await sent(shop, 3 * MOST_AHEAD + 2, Delta(1), epoch=2)

    assert (gap.result, gap.expected_sequence, gap.current_epoch) == (Result.GAP, 3 * MOST_AHEAD + 1, 2)


async def test_an_absurd_count_is_set_aside_and_uses_up_nothing(shop: Shop) -> None:
    await counted(shop)

    ack = await sent(shop, 8 + MOST_AHEAD, Count(1))

    assert ack.result is Result.QUARANTINED
    assert ack.reason.startswith("SEQUENCE_JUMP")
    assert (await on_hand(shop), await position(shop)) == (5, (1, 7))
    assert await result(shop, 7 + MOST_AHEAD, Count(2)) is Result.APPLIED
    assert await result(shop, 8 + MOST_AHEAD, Count(1)) is Result.APPLIED


async def test_a_shelf_without_a_sequence_takes_any_count(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)

    assert await result(shop, 10 * MOST_AHEAD, Count(2)) is Result.APPLIED


async def test_an_old_epoch_moves_nothing(shop: Shop) -> None:
    await counted(shop)
    await started(shop)
    await result(shop, 1, Count(9), epoch=2)

    assert await result(shop, 7, Count(5), epoch=1) is Result.DUPLICATE
    assert await result(shop, 7, Count(6), epoch=1) is Result.STALE_EPOCH
    assert await result(shop, 8, Delta(-1), epoch=1) is Result.STALE_EPOCH
    assert (await on_hand(shop), await position(shop)) == (9, (2, 1))


async def test_an_epoch_that_has_not_begun_is_set_aside(shop: Shop) -> None:
    await counted(shop)

    ack = await sent(shop, 8, Delta(1), epoch=2)

    assert (ack.result, ack.current_epoch) == (Result.QUARANTINED, 1)
    assert ack.reason.startswith("EPOCH_UNKNOWN")
    assert await result(shop, 8, Delta(1), epoch=1) is Result.APPLIED


async def test_a_repeated_request_begins_nothing_and_the_next_one_does(shop: Shop) -> None:
    assert await started(shop, "first") == 2
    assert await started(shop, "first") == 2
    assert await started(shop, "second") == 3
    assert await started(shop, "first") == 2
    assert await started(shop, "first", "hamburg") == 2


async def test_requests_at_the_same_time_begin_one_epoch_each(shop: Shop) -> None:
    epochs = await asyncio.gather(*(started(shop, f"request-{number}") for number in range(4)))

    assert sorted(epochs) == [2, 3, 4, 5]


async def test_feeds_show_who_began_them_and_which_shelves_wait(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=1, hamburg=1)
    await shop.sell("MUG-BLUE", berlin=1)
    await shop.feeds.start("berlin", request_id="one", reason="the WMS was restored", actor=STAFF)
    await result(shop, 1, Count(1))

    berlin, hamburg = await shop.feeds.list()

    assert (berlin.warehouse, berlin.epoch, berlin.waiting_shelves) == ("berlin", 2, 1)
    assert (berlin.actor, berlin.reason, berlin.start_time) == (STAFF, "the WMS was restored", MORNING)
    assert (hamburg.epoch, hamburg.actor, hamburg.start_time, hamburg.waiting_shelves) == (
        1,
        "system",
        None,
        0,
    )


async def test_a_new_shelf_begins_in_the_current_epoch(shop: Shop) -> None:
    await shop.sell("MUG-RED")
    await started(shop)

    assert await result(shop, 1, Delta(3)) is Result.APPLIED
    assert await position(shop) == (2, 1)


async def test_there_is_no_feed_of_an_unknown_warehouse(shop: Shop) -> None:
    with pytest.raises(WarehouseNotFound):
        await started(shop, warehouse="atlantis")


async def test_refusals_in_a_row_are_counted_and_honest_repeats_are_not(shop: Shop) -> None:
    await counted(shop)
    (story,) = await shop.shelf_stories.shelves("MUG-RED")
    assert (story.refusals, story.shelf.book_quantity, story.position.sequence) == (0, 5, 7)

    for number in range(MANY_REFUSALS):
        assert await result(shop, 9 + number, Delta(1)) is Result.GAP
        await result(shop, 7, Count(5))
    assert await shop.shelf_stories.refusing_shelves() == 1
    assert [feed.refusing_shelves for feed in await shop.feeds.list()] == [1, 0]

    await result(shop, 5, Delta(1))
    (story,) = await shop.shelf_stories.shelves("MUG-RED")
    assert story.refusals == MANY_REFUSALS + 1
    assert await result(shop, 8, Delta(1)) is Result.APPLIED
    assert await shop.shelf_stories.refusing_shelves() == 0
