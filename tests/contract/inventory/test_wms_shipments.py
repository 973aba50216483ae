"""What the warehouse system's updates do to orders: shipped, in parts, cancelled, told of late."""

from services.inventory.adapters.tables import departures
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from services.inventory.domain.wms_update import Count, Delta, Result
from tests.contract.inventory.warehouse import confirm, numbers, say, ship
from tests.support.inventory.outbox import outbox_events
from tests.support.inventory.shop import ORDER, WMS, Shop, order_id


async def reservation(shop: Shop, number: int = 1) -> Reservation:
    stored = await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(number)))
    assert stored is not None
    return stored


async def test_the_delta_of_a_shipment_that_we_know_clears_what_is_unreported(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await ship(shop)
    assert await numbers(shop) == (5, 2, 0, 0)

    assert (await say(shop, 1, Delta(-2, order_id(1)))).result is Result.APPLIED

    assert await numbers(shop) == (3, 0, 0, 0)
    [shipment] = await shop.rows(departures)
    assert shipment.deltas_since == 2
    assert not [event for event in await outbox_events(shop) if event.type == "ShipmentReported"]


async def test_a_shipment_that_the_warehouse_tells_of_first_is_published(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)

    await say(shop, 1, Delta(-2, order_id(1)))

    assert await numbers(shop) == (3, 0, 0, 0)
    assert (await reservation(shop)).state is ReservationState.SHIPPED
    [event] = await outbox_events(shop)
    assert (event.type, event.actor, event.payload) == (
        "ShipmentReported",
        WMS,
        {
            "sku": "MUG-RED",
            "warehouse": "berlin",
            "orderId": order_id(1),
            "quantity": 2,
            "afterCancel": False,
            "shipmentId": "",
            "reportedTotal": 2,
        },
    )


async def test_the_order_that_follows_ships_nothing_twice(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await say(shop, 1, Delta(-2, order_id(1)))

    await ship(shop)

    assert await numbers(shop) == (3, 0, 0, 0)
    assert len(await shop.rows(departures)) == 1


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
    assert (stock.on_hand, stock.reserved, [shelf.unreported for shelf in stock.shelves]) == (0, 0, [0, 0])
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
    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", 5)], actor=ORDER)

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
    [event] = await outbox_events(shop)
    assert (event.type, event.payload["afterCancel"]) == ("ShipmentReported", True)


async def test_a_cancellation_that_the_shipment_overtook_is_reported_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop)
    await say(shop, 1, Delta(-2, order_id(1)))

    for _ in range(2):
        await shop.reservations.release(order_id(1), actor=ORDER)

    assert await numbers(shop) == (3, 0, 0, 0)
    [shipment] = await shop.rows(departures)
    assert shipment.after_cancel == 2
    assert [event.payload["afterCancel"] for event in await outbox_events(shop)] == [False, True]


async def test_pieces_for_an_order_that_reserved_nothing_are_gone_all_the_same(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    await say(shop, 1, Delta(-2, order_id(9)))

    assert await numbers(shop) == (3, 0, 0, 0)
    [event] = await outbox_events(shop)
    assert event.payload["orderId"] == order_id(9)


async def test_a_late_delta_that_a_count_covers_still_clears_what_is_unreported(shop: Shop) -> None:
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
    assert [event.type for event in await outbox_events(shop)] == ["ShipmentReported"]


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
    assert await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(8))) is None
    assert [event.type for event in await outbox_events(shop)] == ["ShipmentReported"]
    assert (await say(shop, 1, Count(1, (order_id(8), order_id(1))))).result is Result.DUPLICATE


async def test_fewer_pieces_than_were_reserved_may_leave(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=4)

    await say(shop, 1, Delta(-3, order_id(1), "parcel-1"))

    assert await numbers(shop) == (2, 0, 1, 0)
    assert (await reservation(shop)).state is ReservationState.COMMITTED
    [event] = await outbox_events(shop)
    assert (event.payload["quantity"], event.payload["shipmentId"]) == (3, "parcel-1")


async def test_more_pieces_than_were_reserved_may_leave_and_the_order_does_not_hear_of_them(
    shop: Shop,
) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=2)

    ack = await say(shop, 1, Delta(-3, order_id(1)))

    assert (ack.result, ack.reason) == (
        Result.APPLIED,
        "OVER_SHIPPED: no order has a claim on 1 of these pieces",
    )
    assert await numbers(shop) == (2, 0, 0, 0)
    [event] = await outbox_events(shop)
    assert (event.payload["quantity"], event.payload["reportedTotal"]) == (2, 2)


async def test_a_count_says_how_many_pieces_of_an_order_have_left(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=4)

    await say(shop, 1, Count(2, shipped_orders=((order_id(1), 3),)))

    assert await numbers(shop) == (2, 0, 1, 0)
    await say(shop, 2, Delta(-1, order_id(1)))
    assert await numbers(shop) == (1, 0, 0, 0)
    assert [event.payload["reportedTotal"] for event in await outbox_events(shop)] == [3, 4]


async def test_a_shipment_that_is_of_no_order_is_set_aside(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    ack = await say(shop, 1, Delta(-3, "", "parcel-1"))

    assert (ack.result, ack.reason) == (
        Result.QUARANTINED,
        "shipment parcel-1 is of no order: orderId is missing",
    )


async def test_what_the_shop_ships_in_parts_is_taken_off_in_parts(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    await confirm(shop, quantity=4)

    await shop.reservations.ship(order_id(1), {"MUG-RED": 1}, actor=ORDER)
    assert await numbers(shop) == (5, 1, 3, 0)
    await say(shop, 1, Delta(-3, order_id(1)))
    assert await numbers(shop) == (2, 0, 1, 0)

    await shop.reservations.release(order_id(1), actor=ORDER)
    assert await numbers(shop) == (2, 0, 0, 0)
    assert [event.payload["afterCancel"] for event in await outbox_events(shop)] == [False, True]
    assert not await shop.discrepancies()
