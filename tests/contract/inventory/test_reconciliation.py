"""Our stock against a snapshot of the warehouse system."""

import pytest

from services.inventory.adapters.tables import departures, movements
from services.inventory.domain.drift import Drift, SnapshotLine
from services.inventory.domain.errors import DuplicateLine
from services.inventory.domain.reservation import RequestedLine
from services.inventory.domain.wms_update import Delta, StockUpdate
from tests.support.inventory.outbox import outbox_events
from tests.support.inventory.shop import ORDER, WMS, Shop, order_id

MUGS = SnapshotLine("MUG-RED", "berlin", 4)


async def ship(shop: Shop, number: int, quantity: int) -> None:
    await shop.reservations.reserve(order_id(number), [RequestedLine("MUG-RED", quantity)], actor=ORDER)
    await shop.reservations.commit(order_id(number), actor=ORDER)
    await shop.reservations.ship(order_id(number), actor=ORDER)


async def shelf_of(shop: Shop) -> tuple[int, int]:
    """Book and unreported in berlin, with books that are right."""
    assert not await shop.discrepancies()
    shelf = (await shop.stocks.get("MUG-RED")).shelf("berlin")
    assert shelf is not None
    return shelf.book_quantity, shelf.unreported


async def test_equal_numbers_are_no_drift(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=4)

    report = await shop.reconciliation.compare([MUGS, SnapshotLine("MUG-RED", "hamburg", 0)])

    assert (report.compared, report.drift, report.repaired) == (2, (), False)


async def test_drift_is_reported_and_nothing_moves(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    report = await shop.reconciliation.compare([MUGS])

    assert report.drift == (Drift("MUG-RED", "berlin", shop_on_hand=5, warehouse_on_hand=4),)
    assert await shelf_of(shop) == (5, 0)


async def test_a_repair_books_the_difference_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    lines = [MUGS, SnapshotLine("MUG-RED", "hamburg", 2)]

    first = await shop.reconciliation.repair(lines, actor=WMS)
    again = await shop.reconciliation.repair(lines, actor=WMS)

    assert (len(first.drift), first.repaired) == (2, True)
    assert (again.drift, again.repaired) == ((), False)
    moved = (await shop.rows(movements))[-2:]
    assert [(row.cause, row.warehouse, row.book_quantity, row.actor) for row in moved] == [
        ("RECONCILE", "berlin", -1, WMS),
        ("RECONCILE", "hamburg", 2, WMS),
    ]
    assert await shelf_of(shop) == (4, 0)


async def test_what_the_shop_does_not_know_is_reported_and_cannot_be_repaired(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    lines = [MUGS, SnapshotLine("MUG-GONE", "berlin", 1), SnapshotLine("MUG-RED", "atlantis", 1)]

    report = await shop.reconciliation.repair(lines, actor=WMS)

    assert (len(report.drift), report.repaired) == (3, False)
    assert len((await shop.reconciliation.compare(lines)).drift) == 2


async def test_a_shelf_named_twice_is_refused(shop: Shop) -> None:
    with pytest.raises(DuplicateLine) as refused:
        await shop.reconciliation.compare([MUGS, MUGS])

    assert refused.value.fields[0][0] == "lines[1]"


async def test_what_is_unreported_is_no_drift(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=6)
    await ship(shop, 1, 2)

    assert not (await shop.reconciliation.compare([MUGS])).drift


async def test_a_shipment_that_the_snapshot_still_counts_in_leaves_with_its_delta(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=6)
    await ship(shop, 1, 2)

    await shop.reconciliation.repair([SnapshotLine("MUG-RED", "berlin", 6)], actor=WMS)
    assert await shelf_of(shop) == (6, 0)
    gone = StockUpdate("MUG-RED", "berlin", 1, Delta(-2, order_id(1)))
    await shop.wms.apply(gone, actor=WMS)

    assert await shelf_of(shop) == (4, 0)
    [shipment] = await shop.rows(departures)
    assert (shipment.counted_in, shipment.deltas_since) == (0, 2)


async def test_a_repair_below_what_is_reserved_is_a_shortage(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=6)
    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", 5)], actor=ORDER)

    await shop.reconciliation.repair([MUGS], actor=WMS)

    [event] = await outbox_events(shop)
    assert (event.type, event.payload["missing"]) == ("StockShort", 1)
