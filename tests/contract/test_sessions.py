"""What a session sees and leaves behind, on SQLite and on MariaDB alike."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.session import Statement

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, primary_key=True, autoincrement=False))

ADD = sql.Prepared(insert(numbers))
COUNT = sql.Prepared(select(func.count()).select_from(numbers))
UNPREPARED = select(func.count()).select_from(numbers)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata)
    yield engine
    await engine.dispose()


async def add(engine: AsyncEngine, number: int) -> None:
    async with sql.write(engine) as session:
        await session.execute(ADD, {"number": number})


async def add_what_is_there(engine: AsyncEngine, statement: Statement) -> None:
    async with sql.write(engine) as session:
        await session.scalar(statement)
        await session.execute(ADD, {"number": 2})
        await session.execute(ADD, {"number": 1})


@pytest.mark.parametrize("statement", [COUNT, UNPREPARED], ids=["prepared", "by SQLAlchemy"])
async def test_a_session_that_reads_sees_one_snapshot(engine: AsyncEngine, statement: Statement) -> None:
    await add(engine, 1)

    async with sql.read(engine) as session:
        before = await session.scalar(statement)
        await add(engine, 2)
        again = await session.scalar(statement)

    assert (before, again) == (1, 1)
    async with sql.read(engine) as session:
        assert await session.scalar(statement) == 2


async def test_one_question_sees_what_is_committed_and_a_second_one_is_refused(engine: AsyncEngine) -> None:
    for number in range(3):
        async with sql.read_one(engine) as session:
            assert await session.scalar(COUNT) == number
        await add(engine, number)

    async with sql.read_one(engine) as session:
        await session.fetch(COUNT, ())
        with pytest.raises(RuntimeError, match="snapshot"):
            await session.scalar(COUNT)


@pytest.mark.parametrize("statement", [COUNT, UNPREPARED], ids=["prepared", "by SQLAlchemy"])
async def test_a_session_that_fails_leaves_nothing_to_the_next(
    engine: AsyncEngine, statement: Statement
) -> None:
    await add(engine, 1)

    for _ in range(20):
        with pytest.raises(IntegrityError):
            await add_what_is_there(engine, statement)
        async with sql.write(engine) as session:
            assert await session.scalar(statement) == 1


async def test_a_session_that_does_nothing_commits_nothing(engine: AsyncEngine) -> None:
    changes = sql.changes_of(engine)

    before = changes.count
    async with sql.write(engine):
        pass
    async with sql.read(engine):
        pass

    assert changes.count == before
