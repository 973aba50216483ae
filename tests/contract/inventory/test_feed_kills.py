"""Whoever is killed in the middle of an update or of a start of a feed has done all of it or nothing."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from services.inventory.adapters.tables import stock, wms_updates
from tests.support.feed_process import SHELF, STEPS, steps
from tests.support.inventory.shop import Shop

CHECKOUT = Path(__file__).parents[3]
KILLS = 12

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


async def test_a_feed_goes_on_where_its_process_was_killed(shop: Shop, database_url: str) -> None:
    await shop.sell("MUG-RED")
    chance = random.Random(5)
    done, played = -1, steps()

    for kill in range(KILLS + 1):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.feed_process", database_url, str(done + 1)),
            stdout=asyncio.subprocess.PIPE,
            cwd=CHECKOUT,
        )
        assert process.stdout is not None
        most = chance.randint(1, STEPS // KILLS) if kill < KILLS else STEPS
        async for line in process.stdout:
            done = int(line)
            most -= 1
            if most == 0:
                # It is in the middle of the next one, or of one after that.
                process.kill()
                break
        done = max([done, *map(int, (await process.stdout.read()).split())])
        await process.wait()
        await _is_as_after(shop, done)

    assert done == STEPS - 1
    assert {(row.epoch, row.sequence) for row in await shop.rows(wms_updates)} == {
        (step.epoch, step.update.sequence) for step in played if step.update is not None
    }
    assert not await shop.discrepancies()


async def _is_as_after(shop: Shop, done: int) -> None:
    """The shelf is as after the last step that was answered, or as after the one that was under way."""
    played = steps()
    possible = [played[number] for number in (done, min(done + 1, STEPS - 1))]
    [shelf] = [row for row in await shop.rows(stock) if (row.sku, row.warehouse) == SHELF]
    [berlin] = [feed for feed in await shop.feeds.list() if feed.warehouse == SHELF[1]]
    assert shelf.book_quantity in {step.book for step in possible}
    assert berlin.epoch in {step.epoch for step in possible}
