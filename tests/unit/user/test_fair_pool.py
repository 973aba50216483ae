"""Costly work is shared evenly, and bounded."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from services.user.adapters.fair_pool import FairPool, PoolFull


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def test_who_asks_for_much_waits_behind_itself(threads: ThreadPoolExecutor) -> None:
    pool, done, gate = FairPool(threads, at_once=1, most_per_turn=10, most=20), list[str](), Event()
    first = asyncio.create_task(pool.run("flood", gate.wait))
    await asyncio.sleep(0)
    names = [("flood", f"flood {n}") for n in range(4)] + [("alice", "alice"), ("bob", "bob")]
    tasks = [asyncio.create_task(pool.run(turn, done.append, name)) for turn, name in names]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *tasks)

    assert done == ["flood 0", "alice", "bob", "flood 1", "flood 2", "flood 3"]


@pytest.mark.parametrize(("turns", "most"), [(["one"] * 3, 99), (["one", "two", "three"], 2)])
async def test_more_than_can_wait_is_refused(
    threads: ThreadPoolExecutor, turns: list[str], most: int
) -> None:
    pool, gate = FairPool(threads, at_once=1, most_per_turn=2, most=most), Event()
    running = [asyncio.create_task(pool.run(turn, gate.wait)) for turn in ("first", *turns[:2])]
    await asyncio.sleep(0)

    with pytest.raises(PoolFull):
        await pool.run(turns[2], gate.wait)
    gate.set()
    await asyncio.gather(*running)


async def test_who_goes_away_leaves_the_place_to_others(threads: ThreadPoolExecutor) -> None:
    pool, gate = FairPool(threads, at_once=1, most_per_turn=5, most=5), Event()
    running = asyncio.create_task(pool.run("one", gate.wait))
    await asyncio.sleep(0)
    gone, stays = (asyncio.create_task(pool.run(turn, str, turn)) for turn in ("gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()

    assert await stays == "stays"
    await running
    assert await pool.run("later", str, "later") == "later"
    assert gone.cancelled()
