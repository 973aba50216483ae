"""SQLite connections: what goes to another thread, and what a transaction that only begins keeps."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_driver import SqliteConnection
from mesh.sql.sqlite_transactions import read_with_driver

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, unique=True))
_TURNS = 20
MANY = [{"number": number} for number in range(1000)]
COUNT_FAR = """
    WITH RECURSIVE counted(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted LIMIT 1000000)
    SELECT max(number) FROM counted
"""


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each way to another thread and back."""
    made: list[object] = []
    on_thread = SqliteConnection.on_thread

    async def counted(self: SqliteConnection, work: Any) -> Any:
        made.append(work)
        return await on_thread(self, work)

    monkeypatch.setattr(SqliteConnection, "on_thread", counted)
    return made


@pytest.fixture
async def other(tmp_path: Path, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Another process's way to the same file."""
    other = sql.open_engine(sql.sqlite_url(tmp_path / "numbers.db"))
    yield other
    await other.dispose()


async def stored(engine: AsyncEngine) -> list[int]:
    async with sql.read(engine) as session:
        return [*(await session.scalars(select(numbers.c.number)))]


async def test_only_the_commit_goes_to_another_thread(engine: AsyncEngine, hops: list[object]) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(numbers).values(number=1))
        await session.execute(sql.Prepared(insert(numbers)), {"number": 2})
    assert await stored(engine) == [1, 2]

    assert len(hops) == len(("commit",))


async def test_many_rows_go_to_another_thread(engine: AsyncEngine, hops: list[object]) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(numbers), MANY)

    assert len(hops) == len(("insert", "commit"))


@pytest.mark.parametrize(
    "statement", [text(COUNT_FAR), select(text(f"({COUNT_FAR})"))], ids=["text", "select"]
)
async def test_what_takes_long_lets_others_in(
    engine: AsyncEngine, hops: list[object], statement: Any
) -> None:
    async with sql.read(engine) as session:
        counting = asyncio.create_task(session.scalar(statement))
        await asyncio.sleep(0)
        assert not counting.done()
        assert await counting == 1_000_000

    assert len(hops) == 1


async def test_what_takes_long_lets_others_in_without_a_session(
    engine: AsyncEngine, hops: list[object]
) -> None:
    counting = asyncio.create_task(
        read_with_driver(engine, lambda driver: driver.execute(COUNT_FAR).fetchone()[0])
    )
    await asyncio.sleep(0)
    assert not counting.done()

    assert await counting == 1_000_000
    assert len(hops) == 1


async def test_many_short_statements_let_others_in(engine: AsyncEngine) -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        async with sql.write(engine) as session:
            while not waited.done():
                await session.execute(select(numbers.c.number))
                asked += 1

    waited = asyncio.create_task(asyncio.sleep(0))
    async with asyncio.timeout(10):
        await asyncio.gather(ask(), ask())

    assert asked > 1


async def test_who_waits_for_another_writer_waits_on_another_thread(
    engine: AsyncEngine, other: AsyncEngine, hops: list[object]
) -> None:
    async def insert_two() -> None:
        async with sql.write(other) as session:
            await session.execute(insert(numbers).values(number=2))

    async with sql.write(engine) as session:
        await session.execute(insert(numbers).values(number=1))
        waiting = asyncio.create_task(insert_two())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        assert len(hops) == 1
        assert not waiting.done()
    await waiting

    assert await stored(engine) == [1, 2]


async def test_a_transaction_without_a_statement_goes_nowhere(
    engine: AsyncEngine, hops: list[object]
) -> None:
    before = sql.changes_of(engine).count
    async with sql.write(engine):
        """Nothing is to be done after all."""

    assert not hops
    assert sql.changes_of(engine).count == before


async def test_a_transaction_without_a_statement_locks_nothing(
    engine: AsyncEngine, other: AsyncEngine
) -> None:
    async with sql.write(engine), sql.write(other) as session:
        await session.execute(insert(numbers).values(number=1))

    assert await stored(engine) == [1]


async def test_a_reader_sees_one_snapshot_from_its_first_statement_on(engine: AsyncEngine) -> None:
    async with sql.read(engine) as reader:
        assert (await reader.scalars(select(numbers.c.number))).all() == []
        async with sql.write(engine) as writer:
            await writer.execute(insert(numbers).values(number=1))

        assert (await reader.scalars(select(numbers.c.number))).all() == []


@pytest.mark.parametrize("insertion", [insert(numbers), sql.Prepared(insert(numbers))])
async def test_what_fails_is_undone_and_the_connection_is_as_new(engine: AsyncEngine, insertion: Any) -> None:
    async def insert_twice() -> None:
        async with sql.write(engine) as session:
            await session.execute(insertion, {"number": 1})
            await session.execute(insertion, {"number": 1})

    for _ in range(3):
        with pytest.raises(IntegrityError):
            await insert_twice()

    assert await stored(engine) == []


async def test_a_reader_that_writes_leaves_nothing_behind(engine: AsyncEngine) -> None:
    async with sql.read(engine) as session:
        await session.execute(insert(numbers).values(number=1))

    assert await stored(engine) == []


async def test_what_is_called_after_a_commit_is_called_after_no_other_end(engine: AsyncEngine) -> None:
    called: list[int] = []

    async with sql.write(engine) as session:
        session.after_commit(lambda: called.append(1))
        await session.execute(insert(numbers).values(number=1))
        assert not called
    assert called == [1]

    async def fail() -> None:
        async with sql.write(engine) as session:
            session.after_commit(lambda: called.append(2))
            await session.execute(insert(numbers).values(number=2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert called == [1]


async def test_more_readers_than_connections_wait_for_one_another(engine: AsyncEngine) -> None:
    read = sql.Prepared(select(bindparam("number")))

    async def later(number: int) -> Any:
        async with sql.read(engine) as session:
            await asyncio.sleep(0)
            return await session.scalar(read, {"number": number})

    assert await asyncio.gather(*map(later, range(100))) == [*range(100)]
