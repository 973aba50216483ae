"""A transaction that is cancelled anywhere leaves nothing behind: no lock, no half, no endless wait."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql

metadata = MetaData()
pairs = Table("pairs", metadata, Column("id", Integer, primary_key=True), Column("pair", Integer))


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[tuple[AsyncEngine, ...]]:
    """Two engines on one database, as two processes have them."""
    opened = tuple(sql.open_engine(database_url) for _ in range(2))
    await sql.create_tables(opened[0], metadata)
    yield opened
    for engine in opened:
        await engine.dispose()


async def write_pair(engine: AsyncEngine, number: int) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(pairs).values(pair=number))
        await asyncio.sleep(0)
        await session.execute(insert(pairs).values(pair=number))


@pytest.fixture
def little_garbage() -> Iterator[None]:
    """Collecting looks at what a test makes only."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_garbage")
async def test_pairs_stay_whole_and_the_file_stays_free(engines: tuple[AsyncEngine, ...]) -> None:
    chance = random.Random(20261123)

    for number in range(100):
        tasks = [
            asyncio.create_task(write_pair(engine, number * 2 + at)) for at, engine in enumerate(engines)
        ]
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0.0001)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
        gc.collect()  # what nobody holds any more must not be what somebody waits for
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks, return_exceptions=True)

    async with asyncio.timeout(20), sql.write(engines[0]) as session:
        per_pair = select(func.count()).select_from(pairs).group_by(pairs.c.pair)
        assert set((await session.scalars(per_pair)).all()) <= {2}


async def test_a_deadline_that_passes_meanwhile_is_a_timeout(engines: tuple[AsyncEngine, ...]) -> None:
    async def write_on() -> None:
        while True:
            await write_pair(engines[0], 1)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(write_on(), 0.01)

    await write_pair(engines[0], 2)


async def test_a_cancelled_writer_is_cancelled_in_the_end(engines: tuple[AsyncEngine, ...]) -> None:
    task = asyncio.create_task(write_pair(engines[0], 1))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
