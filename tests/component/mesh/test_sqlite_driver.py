"""SQLite connections: how often they go to their thread, and what a transaction that only begins keeps."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_driver import UninterruptedConnection, uninterrupted_connection

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, unique=True))
COUNT_TO_NINE = """
    WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < 9)
    SELECT number FROM counted
"""
MANY = [{"number": number} for number in range(1000)]


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each way to a connection's thread and back."""
    made: list[object] = []
    execute = UninterruptedConnection._execute

    async def counted(self: UninterruptedConnection, fn: Any, *args: Any, **kwargs: Any) -> Any:
        made.append(fn)
        return await execute(self, fn, *args, **kwargs)

    monkeypatch.setattr(UninterruptedConnection, "_execute", counted)
    return made


async def test_each_statement_is_one_hop_and_the_beginning_none(
    engine: AsyncEngine, hops: list[object]
) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(numbers), MANY)
        rows = (await session.execute(select(numbers.c.number))).all()

    assert len(rows) == len(MANY)
    assert len(hops) == len(("insert", "select", "commit"))


async def test_a_transaction_without_a_statement_goes_nowhere(
    engine: AsyncEngine, hops: list[object]
) -> None:
    async with sql.write(engine):
        """Nothing is to be done after all."""

    assert not hops


async def test_a_transaction_without_a_statement_locks_nothing(engine: AsyncEngine, tmp_path: Path) -> None:
    other = sql.open_engine(sql.sqlite_url(tmp_path / "numbers.db"))
    async with sql.write(engine), sql.write(other) as session:
        await session.execute(insert(numbers).values(number=1))
    await other.dispose()

    async with sql.read(engine) as session:
        assert (await session.scalars(select(numbers.c.number))).all() == [1]


async def test_a_reader_sees_one_snapshot_from_its_first_statement_on(engine: AsyncEngine) -> None:
    async with sql.read(engine) as reader:
        assert (await reader.scalars(select(numbers.c.number))).all() == []
        async with sql.write(engine) as writer:
            await writer.execute(insert(numbers).values(number=1))

        assert (await reader.scalars(select(numbers.c.number))).all() == []


async def insert_twice(engine: AsyncEngine) -> None:
    async with sql.write(engine) as session:
        await session.execute(insert(numbers).values(number=1))
        await session.execute(insert(numbers).values(number=1))


async def test_what_fails_is_undone_and_the_connection_is_as_new(engine: AsyncEngine) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError):
            await insert_twice(engine)

    async with sql.read(engine) as session:
        assert (await session.scalars(select(numbers.c.number))).all() == []


async def test_rows_come_one_by_one_in_parts_and_all_that_are_left(tmp_path: Path) -> None:
    connection = await uninterrupted_connection(str(tmp_path / "numbers.db"))
    async with connection.cursor() as cursor:
        await cursor.execute(COUNT_TO_NINE)

        assert await cursor.fetchone() == (1,)
        assert [*await cursor.fetchmany(3)] == [(2,), (3,), (4,)]
        assert [*await cursor.fetchall()] == [(number,) for number in range(5, 10)]
        assert await cursor.fetchone() is None
    await connection.close()
