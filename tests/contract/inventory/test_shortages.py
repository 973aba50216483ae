"""What happens while more is reserved than there is."""

from datetime import timedelta

import pytest

from services.inventory.application.reservations import Shortage
from services.inventory.domain.reservation import RequestedLine, Reservation, Shortfall
from services.inventory.domain.wms_update import Count, Delta, StockUpdate
from services.kernel.envelope import Envelope
from tests.support.inventory.outbox import outbox_events
from tests.support.inventory.shop import ORDER, WMS, Shop, order_id


async def count(shop: Shop, sequence: int, on_hand: int) -> None:
    await shop.wms.apply(StockUpdate("MUG-RED", "berlin", sequence, Count(on_hand)), actor=WMS)


async def hold(shop: Shop, number: int, quantity: int) -> Reservation | Shortage:
    return await shop.reservations.reserve(
        order_id(number), [RequestedLine("MUG-RED", quantity)], actor=ORDER
    )


async def confirm(shop: Shop, number: int, quantity: int) -> None:
    await hold(shop, number, quantity)
    await shop.reservations.commit(order_id(number), actor=ORDER)


async def reported(shop: Shop) -> list[Envelope]:
    return [event for event in await outbox_events(shop) if event.type == "StockShort"]


async def missing(shop: Shop) -> list[int]:
    """What each shortage said, in their order."""
    return [event.payload["missing"] for event in await reported(shop)]


async def test_a_count_below_what_is_reserved_is_stored_and_told(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 2)
    shop.clock.turn_on(timedelta(seconds=1))
    await confirm(shop, 2, 3)
    shop.clock.turn_on(timedelta(seconds=1))
    await hold(shop, 3, 1)

    await count(shop, 1, 4)

    stock = await shop.stocks.get("MUG-RED")
    assert (stock.available, stock.on_hand, stock.reserved) == (0, 4, 6)
    [event] = await reported(shop)
    assert event.key == "MUG-RED"
    assert event.payload == {
        "sku": "MUG-RED",
        "warehouse": "berlin",
        "missing": 2,
        "claims": [
            {"orderId": order_id(3), "quantity": 1},
            {"orderId": order_id(2), "quantity": 3},
            {"orderId": order_id(1), "quantity": 2},
        ],
    }
    assert not await shop.discrepancies()


async def test_nothing_is_reserved_while_pieces_are_missing_wherever_others_lie(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9, hamburg=3)
    await confirm(shop, 1, 5)
    await count(shop, 1, 4)

    outcome = await hold(shop, 2, 1)

    assert outcome == Shortage((Shortfall("MUG-RED", requested=1, available=0, unknown=False),))
    await shop.reservations.release(order_id(1), actor=ORDER)
    assert isinstance(await hold(shop, 3, 1), Reservation)


async def test_a_release_ends_a_shortage(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await count(shop, 1, 4)
    await shop.reservations.release(order_id(1), actor=ORDER)

    shop.clock.turn_on(timedelta(seconds=5))
    assert await shop.shortages.sweep() == 1
    shop.clock.turn_on(timedelta(hours=1))
    assert await shop.shortages.sweep() == 0

    assert await missing(shop) == [1]
    assert (await shop.stocks.get("MUG-RED")).available == 4


async def test_a_shortage_that_lasts_is_told_again_and_ever_less_often(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await count(shop, 1, 4)

    swept = []
    for _ in range(30):
        shop.clock.turn_on(timedelta(seconds=1))
        swept.append(await shop.shortages.sweep())

    assert [second for second, due in enumerate(swept, start=1) if due] == [5, 15]
    assert await missing(shop) == [1, 1, 1]


async def test_what_is_left_of_a_shortage_is_told_with_the_claims_that_are_left(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await confirm(shop, 2, 4)
    await count(shop, 1, 3)
    await shop.reservations.release(order_id(2), actor=ORDER)

    shop.clock.turn_on(timedelta(seconds=5))
    await shop.shortages.sweep()

    assert await missing(shop) == [6, 2]
    assert (await reported(shop))[1].payload["claims"] == [{"orderId": order_id(1), "quantity": 5}]


@pytest.mark.parametrize("on_hand", [4, 2])
async def test_only_another_shortage_is_told_at_once(shop: Shop, on_hand: int) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await count(shop, 1, 4)

    await count(shop, 2, on_hand)

    assert await missing(shop) == ([1] if on_hand == 4 else [1, 3])


async def test_what_has_left_is_no_claim(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await confirm(shop, 2, 4)
    gone = StockUpdate("MUG-RED", "berlin", 1, Delta(-5, order_id(1)))
    await shop.wms.apply(gone, actor=WMS)

    await count(shop, 2, 3)

    [event] = await reported(shop)
    assert event.payload["claims"] == [{"orderId": order_id(2), "quantity": 4}]


async def test_a_count_that_lacks_an_unreported_shipment_too_asks_for_no_more_than_is_reserved(
    shop: Shop,
) -> None:
    await shop.sell("MUG-RED", berlin=9)
    await confirm(shop, 1, 5)
    await shop.reservations.ship(order_id(1), actor="wms")
    await confirm(shop, 2, 2)

    await count(shop, 1, 1)

    assert await missing(shop) == [2]
