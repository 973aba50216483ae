"""What the warehouse system's counts and deltas do to stock, reservations and shipments."""

import asyncio

import pytest

from services.inventory.adapters.tables import movements, shipments, wms_quarantine
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.reservation import Reservation, ReservationState, Wanted
from services.inventory.domain.wms_update import Ack, Count, Delta, Result, StockUpdate
from tests.support.inventory.outbox import told_events
from tests.support.inventory.shop import ORDER, STAFF, WMS, Shop, order_id


async def say(shop: Shop, sequence: int, change: Count | Delta, warehouse: str = "berlin") -> Ack:
    return await shop.wms.apply(StockUpdate("MUG-RED", warehouse, sequence, change), actor=WMS)


async def results(shop: Shop, *updates: tuple[int, Count | Delta]) -> list[str]:
    return [(await say(shop, sequence, change)).result.name for sequence, change in updates]


async def numbers(shop: Shop) -> tuple[int, int, int, int]:
    """Book, untold, reserved and missing in berlin, with books that are right."""
    assert not await shop.discrepancies()
    shelf = (await shop.stocks.get("MUG-RED")).shelf("berlin")
    assert shelf is not None
    return shelf.book, shelf.untold, shelf.reserved, shelf.missing


async def confirm(shop: Shop, number: int = 1, quantity: int = 2) -> None:
    await shop.reservations.reserve(order_id(number), [Wanted("MUG-RED", quantity)], actor=ORDER)
    await shop.reservations.commit(order_id(number), actor=ORDER)


async def ship(shop: Shop, number: int = 1) -> None:
    await shop.reservations.ship(order_id(number), actor=STAFF)


async def reservation(shop: Shop, number: int = 1) -> Reservation:
    stored = await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(number)))
    assert stored is not None
    return stored


async def test_deltas_in_their_sequence_move_the_book(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    assert await results(shop, (1, Delta(3)), (2, Delta(-6))) == ["APPLIED", "APPLIED"]

    assert await numbers(shop) == (2, 0, 0, 0)
    last = (await shop.rows(movements))[-1]
    assert (last.cause, last.book, last.actor, last.causation) == ("DELTA", -6, WMS, "wms update 2")


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
        (StockUpdate("MUG-RED", "berlin", 1, Delta(-6)), "-1 pieces would be left: the book says 5"),
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


async def test_the_delta_of_a_shipment_that_we_know_clears_what_is_untold(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await ship(shop)
    assert await numbers(shop) == (5, 2, 0, 0)

    assert (await say(shop, 1, Delta(-2, order_id(1)))).result is Result.APPLIED

    assert await numbers(shop) == (3, 0, 0, 0)
    [shipment] = await shop.rows(shipments)
    assert shipment.told
    assert not [event for event in await told_events(shop) if event.type == "ShipmentReported"]


async def test_a_shipment_that_the_warehouse_tells_of_first_is_published(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)

    await say(shop, 1, Delta(-2, order_id(1)))

    assert await numbers(shop) == (3, 0, 0, 0)
    assert (await reservation(shop)).state is ReservationState.SHIPPED
    [event] = await told_events(shop)
    assert (event.type, event.actor, event.payload) == (
        "ShipmentReported",
        WMS,
        {
            "sku": "MUG-RED",
            "warehouse": "berlin",
            "orderId": order_id(1),
            "quantity": 2,
            "afterCancel": False,
        },
    )


async def test_the_order_that_follows_ships_nothing_twice(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await say(shop, 1, Delta(-2, order_id(1)))

    await ship(shop)

    assert await numbers(shop) == (3, 0, 0, 0)
    assert len(await shop.rows(shipments)) == 1


async def test_what_leaves_in_parts_keeps_the_rest_reserved_until_it_leaves(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=2)
    await confirm(shop, quantity=5)

    await say(shop, 1, Delta(-3, order_id(1)))
    assert (await reservation(shop)).state is ReservationState.COMMITTED
    assert (await shop.stocks.get("MUG-RED")).reserved == 2
    await ship(shop)
    await say(shop, 1, Delta(-2, order_id(1)), "hamburg")

    assert (await reservation(shop)).state is ReservationState.SHIPPED
    stock = await shop.stocks.get("MUG-RED")
    assert (stock.on_hand, stock.reserved, [shelf.untold for shelf in stock.shelves]) == (0, 0, [0, 0])
    assert not await shop.discrepancies()


async def test_what_is_cancelled_after_a_part_has_left_frees_the_rest(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=2)
    await confirm(shop, quantity=5)
    await say(shop, 1, Delta(-3, order_id(1)))

    await shop.reservations.release(order_id(1), actor=ORDER)

    stock = await shop.stocks.get("MUG-RED")
    assert (stock.on_hand, stock.reserved, stock.available) == (2, 0, 2)
    assert not await shop.discrepancies()


async def test_a_hold_of_which_pieces_have_left_cannot_run_out(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=2)
    await shop.reservations.reserve(order_id(1), [Wanted("MUG-RED", 5)], actor=ORDER)

    await say(shop, 1, Delta(-3, order_id(1)))

    kept = await reservation(shop)
    assert (kept.state, kept.expire_time) == (ReservationState.COMMITTED, None)
    assert (await shop.reservations.commit(order_id(1), actor=ORDER)).state is ReservationState.COMMITTED
    assert not await shop.discrepancies()


async def test_a_shipment_after_the_cancellation_is_reported(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await shop.reservations.release(order_id(1), actor=ORDER)

    await say(shop, 1, Delta(-2, order_id(1)))

    assert await numbers(shop) == (3, 0, 0, 0)
    assert (await reservation(shop)).state is ReservationState.RELEASED
    [event] = await told_events(shop)
    assert (event.type, event.payload["afterCancel"]) == ("ShipmentReported", True)


async def test_a_cancellation_that_the_shipment_overtook_is_reported_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await say(shop, 1, Delta(-2, order_id(1)))

    for _ in range(2):
        await shop.reservations.release(order_id(1), actor=ORDER)

    assert await numbers(shop) == (3, 0, 0, 0)
    [shipment] = await shop.rows(shipments)
    assert shipment.after_cancel
    assert [event.payload["afterCancel"] for event in await told_events(shop)] == [False, True]


async def test_pieces_for_an_order_that_reserved_nothing_are_gone_all_the_same(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    await say(shop, 1, Delta(-2, order_id(9)))

    assert await numbers(shop) == (3, 0, 0, 0)
    [event] = await told_events(shop)
    assert event.payload["orderId"] == order_id(9)


async def test_a_late_delta_that_a_count_covers_still_clears_what_is_untold(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await ship(shop)

    assert (await say(shop, 2, Count(3))).result is Result.APPLIED
    assert await numbers(shop) == (3, 2, 0, 0)
    assert (await say(shop, 1, Delta(-2, order_id(1)))).result is Result.DUPLICATE
    assert (await say(shop, 1, Delta(-2, order_id(1)))).result is Result.DUPLICATE

    assert await numbers(shop) == (3, 0, 0, 0)


async def test_a_late_delta_that_a_count_covers_ships_its_order(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)

    await say(shop, 2, Count(3))
    await say(shop, 1, Delta(-2, order_id(1)))

    assert await numbers(shop) == (3, 0, 0, 0)
    assert (await reservation(shop)).state is ReservationState.SHIPPED
    assert [event.type for event in await told_events(shop)] == ["ShipmentReported"]


async def test_a_count_clears_the_shipments_that_it_names(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    for number in (1, 2):
        await confirm(shop, number)
        await ship(shop, number)

    await say(shop, 1, Count(7, (order_id(1),)))

    assert await numbers(shop) == (7, 2, 0, 0)


async def test_a_count_ships_the_confirmed_orders_that_it_names(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=4)

    await say(shop, 1, Count(1, (order_id(1), order_id(8))))

    assert await numbers(shop) == (1, 0, 0, 0)
    assert (await reservation(shop)).state is ReservationState.SHIPPED
    assert [event.type for event in await told_events(shop)] == ["ShipmentReported"]
    assert (await say(shop, 1, Count(1, (order_id(8), order_id(1))))).result is Result.DUPLICATE


async def test_fewer_pieces_than_were_reserved_may_leave(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=4)

    await say(shop, 1, Delta(-3, order_id(1)))

    assert await numbers(shop) == (2, 0, 0, 0)


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
    assert len(await shop.rows(shipments)) == 2
    assert len(await shop.rows(wms_quarantine)) == 1
