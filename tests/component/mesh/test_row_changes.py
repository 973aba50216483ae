"""Who waits for certain rows is woken by commits that concern them, and by no others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.sql.row_changes import growth_of, work_in
from mesh.topology import INVENTORY_EVENTS, ORDER_EVENTS
from tests.support.events import envelope, record, running

metadata = MetaData()
work = Table("work", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))
other = Table("other", metadata, Column("id", Integer, primary_key=True))
SOME_WORK = "SELECT 1 FROM work LIMIT 1"


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Sequence[AsyncEngine]]:
    """One database as two processes have it."""
    opened = [sql.open_engine(database_url) for _ in range(2)]
    await sql.create_tables(opened[0], metadata)
    yield opened
    for engine in opened:
        await engine.dispose()


async def add(engine: AsyncEngine, table: Table) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(table).values())


async def seen_by(engine: AsyncEngine) -> None:
    """Wait until this process has noticed what was committed before."""
    changes = sql.changes_of(engine)
    await changes.wait_for_change(changes.count)
    await asyncio.sleep(0)


@pytest.mark.parametrize("writer", [0, 1])
async def test_work_wakes_its_waiter_in_every_process(engines: Sequence[AsyncEngine], writer: int) -> None:
    waited = work_in(engines[0], SOME_WORK)
    async with running(waited.run()), asyncio.timeout(10):
        await add(engines[writer], work)
        await waited.wait_for_change(0)


async def test_other_rows_wake_nobody(engines: Sequence[AsyncEngine]) -> None:
    waited = work_in(engines[0], SOME_WORK)
    async with running(waited.run()), asyncio.timeout(10):
        for _ in range(3):
            committed = asyncio.create_task(seen_by(engines[0]))
            await asyncio.sleep(0)
            await add(engines[1], other)
            await committed
        assert waited.count == 0


async def test_work_that_follows_work_under_the_same_number_is_not_missed(
    engines: Sequence[AsyncEngine],
) -> None:
    waited = work_in(engines[0], SOME_WORK)
    async with running(waited.run()), asyncio.timeout(10):
        await add(engines[1], work)
        seen = await waited.wait_for_change(0)
        async with sql.write(engines[1]) as session:
            await session.execute(delete(work))
            await session.execute(insert(work).values(id=1))
        await waited.wait_for_change(seen)


async def test_an_answer_that_grows_is_news_once(engines: Sequence[AsyncEngine]) -> None:
    waited = growth_of(engines[0], "SELECT max(id) FROM work")
    async with running(waited.run()), asyncio.timeout(10):
        first = await waited.wait_for_change(0)
        await add(engines[0], work)
        seen = await waited.wait_for_change(first)
        await add(engines[0], other)
        await asyncio.sleep(0)
        assert waited.count == seen
        await add(engines[0], work)
        await waited.wait_for_change(seen)


async def test_consumers_of_a_log_are_not_woken_by_other_topics_and_positions(tmp_path: Path) -> None:
    async with SqliteEventLog.opened(tmp_path / "log.db") as log:
        appended = log._appended([ORDER_EVENTS])
        async with (
            log.consume("group", [ORDER_EVENTS, INVENTORY_EVENTS]) as member,
            running(appended.run()),
            asyncio.timeout(10),
        ):
            first = await appended.wait_for_change(0)
            await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", "order", 1)))
            seen = await appended.wait_for_change(first)
            [delivery] = await member.poll()
            await member.commit(delivery)
            await log.publish(record(INVENTORY_EVENTS, envelope("StockChanged", "MUG-RED", 1)))
            [_] = await member.poll()
            assert appended.count == seen
