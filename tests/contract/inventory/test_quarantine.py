"""Updates that were set aside are found again, page by page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.inventory.domain.wms_update import Count, Delta, StockUpdate
from tests.support.inventory.shop import WMS, Shop, order_id

GONE, NEVER = "MUG-GONE", "MUG-NEVER"


async def listed(shop: Shop, sku: str = "", *, size: int = 0) -> list[StockUpdate]:
    """Everything, page by page."""
    updates: list[StockUpdate] = []
    token = ""
    while True:
        page = await shop.quarantined.list(sku, size=size, page_token=token)
        updates += [each.update for each in page.updates]
        token = page.next_page_token
        if not token:
            return updates


@pytest.mark.parametrize("size", [0, 1, 2, 5])
async def test_the_latest_come_first_and_each_once_whatever_the_size_of_a_page(shop: Shop, size: int) -> None:
    came = [
        [StockUpdate(GONE, "berlin", 1, Delta(1)), StockUpdate(NEVER, "berlin", 1, Delta(2))],
        [StockUpdate(GONE, "hamburg", 2**62, Count(3, (order_id(1),)), shop.clock.now)],
        [StockUpdate(NEVER, where, number, Delta(1)) for where in ("berlin", "hamburg") for number in (8, 9)],
        [StockUpdate(NEVER, "berlin", 1, Delta(4, order_id(2))), StockUpdate(NEVER, "berlin", 1, Count(0))],
    ]
    for updates in came:
        shop.clock.turn_on(timedelta(seconds=1))
        for update in updates:
            await shop.wms.apply(update, actor=WMS)

    found = await listed(shop, size=size)

    kept = [{replace(update, epoch=1) for update in each} for each in reversed(came)]
    assert [{*found[:2]}, {*found[2:6]}, {*found[6:7]}, {*found[7:]}] == kept
    assert len(found) == len({*found})
    assert await listed(shop, NEVER, size=size) == [each for each in found if each.sku == NEVER]


async def test_who_sent_it_when_and_what_is_wrong_is_kept(shop: Shop) -> None:
    await shop.wms.apply(StockUpdate(GONE, "berlin", 1, Delta(1)), actor=WMS)

    (kept,) = (await shop.quarantined.list("", size=0, page_token="")).updates

    assert (kept.actor, kept.reason) == (WMS, f"there is no product {GONE}")
    assert kept.position.time == shop.clock.now
