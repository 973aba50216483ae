"""Movements of transactions that run side by side: a lower number may be committed after a higher one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, insert

from mesh.backends.running import Server
from mesh.sql import write
from services.inventory.adapters.stock_changes_mariadb import MariadbStockChanges
from services.inventory.adapters.tables import movements
from tests.support.events import MORNING
from tests.support.inventory.shop import Shop, open_shop_at
from tests.support.real_sql import fresh_database

DEADLINE_SECONDS = 20


@pytest.fixture
async def shop(mariadb: Server) -> AsyncIterator[Shop]:
    with fresh_database(mariadb) as url:
        async with open_shop_at(url) as opened:
            yield opened


def movement(sku: str) -> dict[str, object]:
    numbers = dict.fromkeys(("book_quantity", "unreported", "held", "committed"), 0)
    texts = dict.fromkeys(("order_id", "actor", "note", "causation"), "")
    return {"sku": sku, "warehouse": "berlin", "cause": "COUNT", "time": MORNING, **numbers, **texts}


async def test_what_is_committed_late_is_told_late_and_not_lost(shop: Shop) -> None:
    changes = MariadbStockChanges(engine=shop.engine, changes=shop.changes)
    start = await changes.position()
    async with asyncio.timeout(DEADLINE_SECONDS):
        async with write(shop.engine) as slow:
            await slow.execute(insert(movements).values(movement("MUG-SLOW")))
            async with write(shop.engine) as fast:
                await fast.execute(insert(movements).values(movement("MUG-FAST")))
            position, first = await changes.after(start)
        _, second = await changes.after(position)

    assert first == {"MUG-FAST"}
    assert second == {"MUG-SLOW"}


async def test_a_watcher_that_starts_meanwhile_is_told_as_well(shop: Shop) -> None:
    changes = MariadbStockChanges(engine=shop.engine, changes=shop.changes)
    async with asyncio.timeout(DEADLINE_SECONDS):
        async with write(shop.engine) as slow:
            await slow.execute(insert(movements).values(movement("MUG-SLOW")))
            async with write(shop.engine) as fast:
                await fast.execute(insert(movements).values(movement("MUG-FAST")))
            start = await changes.position()
        _, skus = await changes.after(start)

    assert skus == {"MUG-SLOW"}


async def test_numbers_that_nobody_will_have_are_given_up_after_a_while(shop: Shop) -> None:
    now = 0.0
    changes = MariadbStockChanges(engine=shop.engine, changes=shop.changes, clock=lambda: now)
    start = await changes.position()
    async with write(shop.engine) as session:
        await session.execute(insert(movements), [movement("MUG-A"), movement("MUG-B"), movement("MUG-C")])
        await session.execute(delete(movements).where(movements.c.sku == "MUG-B"))
    position, _ = await changes.after(start)
    now = 60.0
    await shop.sell("MUG-D", berlin=1)
    position, _ = await changes.after(position)

    async with write(shop.engine) as session:
        await session.execute(insert(movements).values(id=position - 2, **movement("MUG-B")))
    await shop.sell("MUG-E", berlin=1)

    assert (await changes.after(position))[1] == {"MUG-E"}
