"""Single statements that only read, on connections of their own."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.single_statement import fetch

metadata = MetaData()
squares = Table(
    "squares",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("square", Integer),
)
BETWEEN = sql.Prepared(
    select(squares)
    .where(squares.c.number >= bindparam("least"), squares.c.number < bindparam("above"))
    .order_by(squares.c.number)
)
OTHERS = text("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata)
    async with sql.write(engine) as session:
        await session.execute(insert(squares), [{"number": n, "square": n * n} for n in range(1000)])
    yield engine
    await engine.dispose()


def rows(least: int, above: int) -> list[tuple[int, int]]:
    return [(number, number * number) for number in range(least, above)]


async def fetched(engine: AsyncEngine, least: int, above: int) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await fetch(engine, BETWEEN, (least, above))]


async def test_parameters_are_taken_in_the_statements_order(engine: AsyncEngine) -> None:
    assert await fetched(engine, 3, 6) == rows(3, 6)
    assert await fetched(engine, 6, 3) == []


async def test_a_commit_is_seen_by_whoever_asks_afterwards(engine: AsyncEngine) -> None:
    assert len(await fetched(engine, 0, 2000)) == 1000

    async with sql.write(engine) as session:
        await session.execute(insert(squares), [{"number": 1000, "square": 1_000_000}])

    assert (await fetched(engine, 0, 2000))[-1] == (1000, 1_000_000)


async def test_what_is_cancelled_anywhere_leaves_no_answer_for_the_next(engine: AsyncEngine) -> None:
    chance = random.Random(20261126)

    for number in range(100):
        asked = [asyncio.create_task(fetched(engine, number, number + 500)) for _ in range(3)]
        for _ in range(chance.randrange(30)):
            await asyncio.sleep(0.0001)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert await fetched(engine, number, number + 2) == rows(number, number + 2)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
async def test_connections_that_the_server_has_closed_are_found_out_and_replaced(engine: AsyncEngine) -> None:
    async def ask() -> Sequence[Any]:
        return await fetched(engine, 1, 3)

    await asyncio.gather(*(ask() for _ in range(4)))
    async with sql.read(engine) as session:
        for (connection,) in (await session.execute(OTHERS)).all():
            await session.execute(text(f"KILL {int(connection)}"))

    assert await asyncio.gather(*(ask() for _ in range(4))) == [rows(1, 3)] * 4


async def test_a_statement_that_is_wrong_is_refused_once(engine: AsyncEngine) -> None:
    nowhere = sql.Prepared(select(Table("nowhere", MetaData(), Column("number", Integer))))

    with pytest.raises(DBAPIError) as refused:
        await fetch(engine, nowhere, ())

    assert sql.is_programming_error(refused.value)
