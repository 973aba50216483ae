"""What every `StockLevels` and `StockChanges` promises."""

import asyncio
import math

import pytest

from services.inventory.domain.reservation import RequestedLine
from services.inventory.domain.stock import Shelf, Stock
from services.inventory.server import stock_changes
from tests.support.events import running
from tests.support.inventory.shop import ORDER, Shop, order_id
from tests.support.statements import noted_statements


async def test_stock_is_told_by_warehouse_in_the_order_of_their_names(shop: Shop) -> None:
    await shop.sell("MUG-RED", hamburg=4, berlin=3)

    found = await shop.levels.find(["MUG-RED", "MUG-GONE"])

    shelves = (Shelf("berlin", book_quantity=3, version=1), Shelf("hamburg", book_quantity=4, version=1))
    assert found == {"MUG-RED": Stock("MUG-RED", shelves)}


async def test_a_product_that_was_never_in_stock_is_known(shop: Shop) -> None:
    await shop.sell("MUG-NEW")

    assert await shop.levels.find(["MUG-NEW"]) == {"MUG-NEW": Stock("MUG-NEW")}


async def test_a_look_shows_only_what_is_committed(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)

    await shop.reservations.reserve(order_id(1), [RequestedLine("MUG-RED", 2)], actor=ORDER)

    stock = (await shop.levels.find(["MUG-RED"]))["MUG-RED"]
    assert (stock.available, stock.on_hand, stock.reserved) == (1, 3, 2)


@pytest.mark.parametrize("count", [0, 1, 10, 199, 200, 398, 399, 500])
async def test_a_batch_takes_one_statement_per_199_skus(shop: Shop, count: int) -> None:
    with noted_statements() as statements:
        await shop.levels.find([f"SKU-{number}" for number in range(count)])

    assert len(statements) == math.ceil(count / 199)


async def test_changes_behind_a_position_name_each_sku_once(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    changes = stock_changes(shop.engine, shop.changes)
    start = await changes.position()

    await shop.sell("MUG-BLUE", berlin=3, hamburg=1)
    await shop.sell("MUG-GREEN", berlin=1)

    position, skus = await changes.after(start)
    assert skus == {"MUG-BLUE", "MUG-GREEN"}
    assert position == await changes.position()


async def test_a_change_wakes_whoever_waits_for_it(shop: Shop) -> None:
    changes = stock_changes(shop.engine, shop.changes)

    async with running(shop.changes.run()), asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(changes.after(await changes.position()))
        await shop.sell("MUG-RED", berlin=3)

    assert waiting.result()[1] == {"MUG-RED"}
