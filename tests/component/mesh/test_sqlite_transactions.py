"""Transactions without a session keep what every transaction of the mesh promises."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_transactions import Work, read_with_driver, write_unflushed, write_with_driver

metadata = MetaData()
numbers = Table("numbers", metadata, Column("number", Integer, unique=True))

Write = Callable[[AsyncEngine, Work[None]], Awaitable[None]]
WRITES: list[Write] = [
    write_with_driver,
    partial(write_unflushed, is_short=True),
    partial(write_unflushed, is_short=False),
]


def inserting(*wanted: int) -> Work[None]:
    def work(driver: sqlite3.Connection) -> None:
        for number in wanted:
            driver.execute("INSERT INTO numbers VALUES (?)", (number,))

    return work


def stored(driver: sqlite3.Connection) -> list[int]:
    return [number for (number,) in driver.execute("SELECT number FROM numbers ORDER BY number")]


def flushing(driver: sqlite3.Connection) -> int:
    level: int = driver.execute("PRAGMA synchronous").fetchone()[0]
    return level


@pytest.mark.parametrize("write", WRITES)
async def test_what_was_written_is_there_for_every_connection(engine: AsyncEngine, write: Write) -> None:
    before = sql.changes_of(engine).count

    await write(engine, inserting(1, 2))

    assert await read_with_driver(engine, stored) == [1, 2]
    assert sql.changes_of(engine).count == before + 1


@pytest.mark.parametrize("write", WRITES)
async def test_an_error_leaves_nothing_behind(engine: AsyncEngine, write: Write) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await write(engine, inserting(1, 1))
    await write(engine, inserting(2))

    assert await read_with_driver(engine, stored) == [2]


@pytest.mark.parametrize("write", WRITES)
async def test_a_cancelled_transaction_leaves_the_file_free(engine: AsyncEngine, write: Write) -> None:
    for number in range(20):
        cancelled = asyncio.ensure_future(write(engine, inserting(number)))
        for _ in range(number):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)

    async with asyncio.timeout(20):
        await write(engine, inserting(100))
    assert 100 in await read_with_driver(engine, stored)


async def test_only_what_may_be_lost_is_not_flushed(engine: AsyncEngine) -> None:
    normal, full = 1, 2

    assert await write_unflushed(engine, flushing, is_short=True) == normal
    assert await write_unflushed(engine, flushing, is_short=False) == normal
    assert await write_with_driver(engine, flushing) == full
    assert await read_with_driver(engine, flushing) == full
