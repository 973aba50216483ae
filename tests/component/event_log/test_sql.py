"""Transactions that several processes share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from tests.support.events import running

metadata = MetaData()
counters = Table("counters", metadata, Column("name", String(20), primary_key=True), Column("value", Integer))
versions = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[list[AsyncEngine]]:
    """The same database, opened by what stands for three processes."""
    opened = [sql.open_engine(database_url, serialize_writes=True) for _ in range(3)]
    yield opened
    for engine in opened:
        await engine.dispose()


async def add_one(engine: AsyncEngine) -> None:
    async with sql.write(engine) as session:
        value = (await session.execute(select(counters.c.value))).scalar_one()
        await session.execute(update(counters).values(value=value + 1))


async def value(engine: AsyncEngine) -> int:
    async with sql.read(engine) as session:
        return int((await session.execute(select(func.max(counters.c.value)))).scalar() or 0)


async def create(engines: list[AsyncEngine]) -> None:
    await asyncio.gather(*(sql.create_tables(engine, metadata) for engine in engines))
    async with sql.schema_lock(engines[0]) as connection:
        await connection.run_sync(lambda each: each.execute(insert(versions).values(version_num="1")))
    async with sql.write(engines[0]) as session:
        await session.execute(insert(counters).values(name="mugs", value=0))


async def test_tables_are_created_once_by_whoever_starts_first(engines: list[AsyncEngine]) -> None:
    await create(engines)
    assert await value(engines[1]) == 0


async def test_what_is_read_and_written_in_a_transaction_is_never_lost(engines: list[AsyncEngine]) -> None:
    await create(engines)
    await asyncio.gather(*(add_one(engine) for engine in engines * 10))
    assert await value(engines[0]) == 30


async def test_a_transaction_that_fails_leaves_nothing(engines: list[AsyncEngine]) -> None:
    await create(engines)
    with suppress(LookupError):
        async with sql.write(engines[0]) as session:
            await session.execute(update(counters).values(value=99))
            raise LookupError
    assert await value(engines[0]) == 0


async def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(engines: list[AsyncEngine]) -> None:
    await create(engines)
    async with sql.read(engines[0]) as session:
        before = (await session.execute(select(counters.c.value))).scalar_one()
        await add_one(engines[1])
        assert (await session.execute(select(counters.c.value))).scalar_one() == before
    assert await value(engines[0]) == before + 1


async def test_a_commit_wakes_those_who_wait_in_every_process(engines: list[AsyncEngine]) -> None:
    await create(engines)
    own, other = sql.changes_of(engines[0]), sql.changes_of(engines[1])
    async with running(own.run(), other.run()):
        await asyncio.gather(own.wait_for_change(0), other.wait_for_change(0))
        waiting = asyncio.gather(own.wait_for_change(own.count), other.wait_for_change(other.count))
        await add_one(engines[0])
        async with asyncio.timeout(10):
            await waiting


async def test_the_next_watcher_takes_over_when_the_first_stops(engines: list[AsyncEngine]) -> None:
    await create(engines)
    changes = sql.changes_of(engines[0])
    first = asyncio.create_task(changes.run())
    seen = await changes.wait_for_change(changes.count)
    async with running(changes.run()), asyncio.timeout(10):
        first.cancel()
        seen = await changes.wait_for_change(seen)
        await add_one(engines[1])
        await changes.wait_for_change(seen)


async def test_an_answer_that_is_there_says_the_database_is_reachable(engines: list[AsyncEngine]) -> None:
    await create(engines)

    assert await sql.is_reachable(engines[0])
