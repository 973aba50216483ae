"""Transactions of SQLite in one hop to the driver's thread, for statements that need no session."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from interceptors.cost_trailers import count_query
from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.sql.counters import FLUSHES, WRITE_TRANSACTIONS
from mesh.sql.engine import changes_of, pool_timeout_as_error, writer_lock
from mesh.sql.sqlite_driver import UninterruptedConnection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Runs statements on the driver's own thread; counts as one query."""


async def read_in_one_hop(engine: AsyncEngine, work: Work[T]) -> T:
    """Do work that sees one consistent snapshot if it is one statement."""
    count_query()
    return await _on_a_connection(engine, work)


async def write_in_one_hop(engine: AsyncEngine, work: Work[T]) -> T:
    """Do work in a transaction that writes: on disk when this returns, rolled back on an error."""
    done = await _write(engine, lambda driver: _committed(driver, work))
    FLUSHES.inc()
    return done


async def write_unflushed(engine: AsyncEngine, work: Work[T]) -> T:
    """Commit without fsync; the commit becomes durable with the next flushed one.

    A power failure before that loses it, and every unflushed commit behind it.
    """
    return await _write(engine, lambda driver: _committed_unflushed(driver, work))


async def _write(engine: AsyncEngine, work: Work[T]) -> T:
    count_query()
    async with writer_lock(engine):
        done = await _on_a_connection(engine, work)
    WRITE_TRANSACTIONS.inc()
    changes_of(engine).notify()
    return done


async def _on_a_connection(engine: AsyncEngine, work: Work[T]) -> T:
    async with redeliver_cancellation(), pool_timeout_as_error(), engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, UninterruptedConnection)
        return await driver.at_once(work)


def _committed(driver: sqlite3.Connection, work: Work[T]) -> T:
    with immediate(driver):
        return work(driver)


def _committed_unflushed(driver: sqlite3.Connection, work: Work[T]) -> T:
    driver.execute("PRAGMA synchronous=NORMAL")
    try:
        return _committed(driver, work)
    finally:
        driver.execute("PRAGMA synchronous=FULL")


@contextmanager
def immediate(driver: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes, on the driver's thread."""
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield
        driver.execute("COMMIT")
    finally:
        # Some errors have ended the transaction already.
        if driver.in_transaction:
            driver.execute("ROLLBACK")
