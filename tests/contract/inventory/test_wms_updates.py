"""What the warehouse system's counts and deltas do to the book, in and out of their sequence."""

import asyncio

import pytest

from services.inventory.adapters.tables import departures, movements, wms_quarantine
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.wms_update import Count, Delta, Result, StockUpdate
from tests.contract.inventory.warehouse import confirm, numbers, say, ship
from tests.support.inventory.shop import STAFF, WMS, Shop, order_id


async def results(shop: Shop, *updates: tuple[int, Count | Delta]) -> list[str]:
    return [(await say(shop, sequence, change)).result.name for sequence, change in updates]


async def test_deltas_in_their_sequence_move_the_book(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    assert await results(shop, (1, Delta(3)), (2, Delta(-6))) == ["APPLIED", "APPLIED"]

    assert await numbers(shop) == (2, 0, 0, 0)
    last = (await shop.rows(movements))[-1]
    assert (last.cause, last.book_quantity, last.actor, last.causation) == ("DELTA", -6, WMS, "wms update 2")


async def test_a_repeated_update_moves_nothing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    assert await results(shop, (1, Delta(3)), (1, Delta(3))) == ["APPLIED", "DUPLICATE"]

    assert await numbers(shop) == (8, 0, 0, 0)


async def test_a_delta_behind_a_gap_is_answered_with_the_sequence_to_send_from(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await say(shop, 1, Delta(3))

    ack = await say(shop, 4, Delta(1))

    assert (ack.result, ack.expected_sequence) == (Result.GAP, 2)
    assert await numbers(shop) == (8, 0, 0, 0)


async def test_a_count_replaces_the_book_and_whatever_is_missing_before_it(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    came = await results(shop, (4, Count(9)), (2, Delta(-1)), (5, Delta(-2)), (3, Count(100)))

    assert came == ["APPLIED", "DUPLICATE", "APPLIED", "DUPLICATE"]
    assert await numbers(shop) == (7, 0, 0, 0)


async def test_a_count_that_finds_what_the_book_says_moves_nothing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    before = len(await shop.rows(movements))

    assert (await say(shop, 1, Count(5))).result is Result.APPLIED

    assert len(await shop.rows(movements)) == before


async def test_a_warehouse_that_never_had_the_sku_gets_a_shelf(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    assert (await say(shop, 1, Delta(4), "hamburg")).result is Result.APPLIED

    assert (await shop.stocks.get("MUG-RED")).on_hand == 9
    assert not await shop.discrepancies()


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (StockUpdate("MUG-GONE", "berlin", 1, Delta(1)), "there is no product MUG-GONE"),
        (StockUpdate("MUG-RED", "atlantis", 1, Delta(1)), "there is no warehouse atlantis"),
        (StockUpdate("MUG-RED", "berlin", 1, Delta(-6)), "-1 pieces would be left: the book quantity is 5"),
        (
            StockUpdate("MUG-RED", "berlin", 1, Delta(2, order_id(1))),
            "2 pieces cannot come in for an order: they leave with it",
        ),
    ],
)
async def test_nonsense_is_set_aside_once_with_its_reason(
    shop: Shop, update: StockUpdate, reason: str
) -> None:
    await shop.sell("MUG-RED", berlin=5)

    acks = [await shop.wms.apply(update, actor=WMS) for _ in range(2)]

    assert [(ack.result, ack.reason) for ack in acks] == [(Result.QUARANTINED, reason)] * 2
    [kept] = await shop.rows(wms_quarantine)
    assert (kept.sku, kept.sequence, kept.content, kept.actor) == (
        update.sku,
        1,
        update.content,
        WMS,
    )
    assert await numbers(shop) == (5, 0, 0, 0)


async def test_nonsense_does_not_hold_up_what_follows(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    came = await results(shop, (1, Delta(-6)), (2, Delta(-4)), (3, Delta(2)))

    assert came == ["QUARANTINED", "APPLIED", "APPLIED"]
    assert await numbers(shop) == (3, 0, 0, 0)


async def test_what_comes_for_an_unknown_product_is_asked_for_once_the_shop_sells_it(shop: Shop) -> None:
    assert await results(shop, (1, Delta(1)), (2, Delta(1))) == ["QUARANTINED", "QUARANTINED"]
    await shop.sell("MUG-RED")

    ack = await say(shop, 3, Delta(1))

    assert (ack.result, ack.expected_sequence) == (Result.GAP, 1)
    assert await results(shop, (1, Delta(1)), (2, Delta(1)), (3, Delta(1))) == ["APPLIED"] * 3


async def test_another_content_under_a_used_sequence_is_set_aside(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    came = await results(shop, (1, Delta(3)), (1, Delta(4)), (1, Delta(3)), (2, Delta(-1)))

    assert came == ["APPLIED", "QUARANTINED", "DUPLICATE", "APPLIED"]
    [kept] = await shop.rows(wms_quarantine)
    assert (kept.reason, kept.content) == ("sequence 1 came with other content", '{"delta":4,"orderId":""}')
    assert await numbers(shop) == (7, 0, 0, 0)


async def test_adjustments_by_hand_and_updates_share_one_book(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await say(shop, 1, Delta(2))

    await shop.stocks.adjust(AdjustStock(STAFF, "found", "MUG-RED", "", 1, "found one"), actor=STAFF)
    await say(shop, 2, Delta(-3))

    assert await numbers(shop) == (5, 0, 0, 0)


async def test_a_feed_that_arrives_by_many_ways_at_once_moves_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, quantity=4)
    feed = [
        StockUpdate("MUG-RED", "hamburg", 1, Delta(5)),
        StockUpdate("MUG-GONE", "hamburg", 1, Delta(5)),
        StockUpdate("MUG-RED", "berlin", 1, Delta(3)),
        StockUpdate("MUG-RED", "berlin", 2, Delta(-4, order_id(1))),
        StockUpdate("MUG-RED", "berlin", 3, Count(7)),
        StockUpdate("MUG-RED", "berlin", 4, Delta(-1, order_id(2))),
    ]

    async def play() -> None:
        for update in feed:
            await shop.wms.apply(update, actor=WMS)

    await asyncio.gather(*(play() for _ in range(6)), ship(shop))

    assert await numbers(shop) == (6, 0, 0, 0)
    assert (await shop.stocks.get("MUG-RED")).on_hand == 11
    assert len(await shop.rows(departures)) == 2
    assert len(await shop.rows(wms_quarantine)) == 1
