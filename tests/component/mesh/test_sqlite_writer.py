"""Writes that wait at the same time share a transaction of SQLite, and nothing else."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_writer import SqliteWriter, Statement

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, CheckConstraint("number < 1000"), unique=True))


@pytest.fixture
async def writer(engine: AsyncEngine) -> AsyncIterator[SqliteWriter]:
    async with SqliteWriter.opened(engine) as opened:
        yield opened


def inserting(*wanted: int) -> list[Statement]:
    return [("INSERT INTO numbers (number) VALUES (?)", [(each,)]) for each in wanted]


async def stored(engine: AsyncEngine) -> list[int]:
    async with sql.read(engine) as session:
        return [*(await session.scalars(select(numbers.c.number).order_by(numbers.c.number))).all()]


async def test_each_write_of_a_group_has_its_own_outcome(engine: AsyncEngine, writer: SqliteWriter) -> None:
    writes = [inserting(1), inserting(2, 1), inserting(3), inserting(4, 2**70), inserting(5, 1000)]

    outcomes = await asyncio.gather(*map(writer.write, writes), return_exceptions=True)

    refusals = [type(None), sqlite3.IntegrityError, type(None), OverflowError, sqlite3.IntegrityError]
    assert [type(outcome) for outcome in outcomes] == refusals
    assert await stored(engine) == [1, 3]


async def test_writes_that_wait_together_are_one_commit(engine: AsyncEngine, writer: SqliteWriter) -> None:
    changes = sql.changes_of(engine)
    before = changes.count

    await asyncio.gather(*(writer.write(inserting(number)) for number in range(100)))

    assert changes.count == before + 1
    assert await stored(engine) == list(range(100))


async def test_what_makes_the_file_unusable_fails_the_whole_group(
    engine: AsyncEngine, writer: SqliteWriter
) -> None:
    writes: list[list[Statement]] = [inserting(1), [("INSERT INTO nowhere VALUES (?)", [(2,)])]]

    outcomes = await asyncio.gather(*map(writer.write, writes), return_exceptions=True)
    await writer.write(inserting(3))

    assert [type(outcome) for outcome in outcomes] == [sqlite3.OperationalError] * 2
    assert await stored(engine) == [3]


async def test_a_write_whose_caller_has_gone_is_done_all_the_same(
    engine: AsyncEngine, writer: SqliteWriter
) -> None:
    gone = asyncio.create_task(writer.write(inserting(1)))
    await asyncio.sleep(0)

    gone.cancel()
    await writer.write(inserting(2))

    assert gone.cancelled()
    assert await stored(engine) == [1, 2]


async def test_a_write_that_comes_too_late_is_cancelled(engine: AsyncEngine) -> None:
    async with sql.write(engine):
        async with SqliteWriter.opened(engine) as writer:
            waiting = asyncio.create_task(writer.write(inserting(1)))
            await asyncio.sleep(0)
        await asyncio.wait([waiting], timeout=10)

    assert waiting.cancelled()
    assert await stored(engine) == []


async def test_writers_take_turns_with_the_transactions_of_the_engine(
    engine: AsyncEngine, writer: SqliteWriter
) -> None:
    async with sql.write(engine) as session:
        waiting = asyncio.create_task(writer.write(inserting(2)))
        await session.execute(numbers.insert().values(number=1))
        assert not waiting.done()
    await waiting

    assert await stored(engine) == [1, 2]


async def test_two_writers_on_one_file_exclude_each_other(
    engine: AsyncEngine, writer: SqliteWriter, tmp_path: Path
) -> None:
    other_engine = sql.open_engine(sql.sqlite_url(tmp_path / "numbers.db"))
    async with SqliteWriter.opened(other_engine) as other:
        both = [each.write(inserting(number)) for number in range(50) for each in (writer, other)]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
    await other_engine.dispose()

    assert sum(outcome is None for outcome in outcomes) == 50
    assert await stored(engine) == list(range(50))
