"""Statements that the driver runs itself do what they do by SQLAlchemy, with the same errors."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.columns import UtcTime, UtcTimeText
from mesh.sql.rows import changed_rows

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(50), nullable=False, unique=True),
    Column("pieces", Integer, CheckConstraint("pieces >= 0"), nullable=False),
    Column("time", UtcTime),
    Column("time_text", UtcTimeText),
    Column("content", JSON),
    Column("body", LargeBinary),
    Column("is_good", Boolean),
)
COLUMNS = [column.name for column in things.c if column.name != "id"]
NOON = datetime(2026, 11, 29, 12, 0, 0, 123_456, UTC)
VALUES: dict[str, Any] = {
    "name": "100 % Ä “mug” :x ?",
    "pieces": 3,
    "time": NOON,
    "time_text": NOON,
    "content": {"lines": [1, "zwei"]},
    "body": b"\x00\xff%s?",
    "is_good": True,
}
NOTHING = {**dict.fromkeys(COLUMNS), "name": "nothing", "pieces": 0}

ADD = sql.Prepared(insert(things), COLUMNS)
ADD_RETURNING = sql.Prepared(insert(things).returning(things.c.id, things.c.time), COLUMNS)
ALL = sql.Prepared(select(things).order_by(things.c.id))
NAMED = sql.Prepared(select(things.c.pieces).where(things.c.name == bindparam("named")))
TAKE = sql.Prepared(
    update(things)
    .where(things.c.name == bindparam("named"))
    .values(pieces=things.c.pieces - bindparam("count"))
)
REPLACE = sql.Prepared(update(things).where(things.c.name == bindparam("named")), COLUMNS)
GOOD_ONES = sql.Prepared(select(func.count()).where(things.c.is_good.is_(True), things.c.pieces > 2).limit(1))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata)
    yield engine
    await engine.dispose()


async def add(engine: AsyncEngine, *rows: dict[str, Any]) -> None:
    async with sql.write(engine) as session:
        await session.execute(ADD, list(rows))


async def rows(engine: AsyncEngine, statement: Any) -> list[dict[str, Any]]:
    async with sql.read(engine) as session:
        return [dict(row) for row in (await session.execute(statement)).mappings()]


async def test_values_come_back_as_by_sqlalchemy(engine: AsyncEngine) -> None:
    await add(engine, VALUES, NOTHING)

    found = await rows(engine, ALL)

    assert found == await rows(engine, select(things).order_by(things.c.id))
    assert found == [{"id": 1, **VALUES}, {"id": 2, **NOTHING}]


async def test_rows_have_the_names_of_their_columns(engine: AsyncEngine) -> None:
    await add(engine, VALUES)

    async with sql.read(engine) as session:
        row = (await session.execute(ALL)).one()
        assert (row.name, row.time, row.content["lines"][1]) == (VALUES["name"], NOON, "zwei")
        assert await session.scalar(NAMED, {"named": VALUES["name"]}) == 3
        assert await session.scalar(NAMED, {"named": "another"}) is None
        assert [*await session.scalars(ALL)] == [1]


async def test_constants_stay_what_they_are(engine: AsyncEngine) -> None:
    await add(engine, VALUES, NOTHING, {**VALUES, "name": "few", "pieces": 2})

    async with sql.read(engine) as session:
        assert await session.scalar(GOOD_ONES) == 1


async def test_what_is_inserted_can_be_returned_one_by_one_and_together(engine: AsyncEngine) -> None:
    async with sql.write(engine) as session:
        one = (await session.execute(ADD_RETURNING, VALUES)).one()
        others = (await session.execute(ADD_RETURNING, [{**VALUES, "name": name} for name in "abc"])).all()

    assert tuple(one) == (1, NOON)
    assert {tuple(row) for row in others} == {(2, NOON), (3, NOON), (4, NOON)}


async def test_changed_rows_are_counted(engine: AsyncEngine) -> None:
    await add(engine, *({**VALUES, "name": name} for name in "abc"))

    async with sql.write(engine) as session:
        assert await changed_rows(session, TAKE, {"named": "a", "count": 1}) == 1
        assert await changed_rows(session, TAKE, {"named": "x", "count": 1}) == 0
        assert await changed_rows(session, TAKE, [{"named": name, "count": 1} for name in "abx"]) == 2
        assert await changed_rows(session, REPLACE, {"named": "c", **NOTHING}) == 1
        # One that is as it was counts as well.
        assert await changed_rows(session, REPLACE, {"named": "nothing", **NOTHING}) == 1
    assert [row["pieces"] for row in await rows(engine, ALL)] == [1, 2, 0]


async def test_a_statement_that_is_refused_is_an_integrity_error_and_nothing_stays(
    engine: AsyncEngine,
) -> None:
    async def fail(statement: sql.Prepared, parameters: dict[str, Any]) -> None:
        async with sql.write(engine) as session:
            await session.execute(ADD, {**VALUES, "name": "new"})
            await session.execute(statement, parameters)

    await add(engine, VALUES)
    for statement, parameters in (
        (ADD, VALUES),
        (ADD, {**VALUES, "name": None}),
        (TAKE, {"named": VALUES["name"], "count": 4}),
    ):
        with pytest.raises(IntegrityError) as refused:
            await fail(statement, parameters)
        assert str(VALUES["name"]) not in str(refused.value.statement)
    assert len(await rows(engine, ALL)) == 1


async def test_a_missing_parameter_is_refused_before_anything_happens(engine: AsyncEngine) -> None:
    async with sql.write(engine) as session:
        with pytest.raises(KeyError, match="count"):
            await session.execute(TAKE, {"named": "a"})


async def test_a_wrong_statement_is_a_programming_error(engine: AsyncEngine) -> None:
    nowhere = sql.Prepared(delete(Table("nowhere", MetaData(), Column("number", Integer))))

    async with sql.write(engine) as session:
        with pytest.raises(DBAPIError) as refused:
            await session.execute(nowhere)

    assert sql.is_programming_error(refused.value)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
async def test_a_connection_that_was_lost_is_said_so_and_replaced(engine: AsyncEngine) -> None:
    async def lose_it() -> None:
        async with sql.write(engine) as session:
            mine = await session.scalar(text("SELECT CONNECTION_ID()"))
            async with sql.read(engine) as other:
                await other.execute(text(f"KILL {int(mine)}"))
            await session.execute(ADD, VALUES)

    with pytest.raises(DBAPIError) as lost:
        await lose_it()

    assert lost.value.connection_invalidated
    assert await rows(engine, ALL) == []


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
async def test_what_is_cancelled_leaves_no_answer_for_the_next(engine: AsyncEngine) -> None:
    await add(engine, VALUES)
    asking = sql.Prepared(select(func.sleep(bindparam("seconds")).label("slept")))

    async def wait() -> None:
        async with sql.read(engine) as session:
            await session.execute(asking, {"seconds": 1})

    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await wait()
        assert len(await rows(engine, ALL)) == 1
