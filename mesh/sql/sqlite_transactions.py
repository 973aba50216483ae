"""Transactions of SQLite for statements of the driver, which need no session."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from interceptors.cost_trailers import count_query
from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.sql.counters import FLUSHES, WRITE_TRANSACTIONS
from mesh.sql.engine import changes_of, connections_of, is_flushed, writer_lock
from mesh.sql.sqlite_connections import driver_of
from mesh.sql.sqlite_driver import SqliteConnection

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""Runs statements; counts as one query."""


async def read_with_driver(engine: AsyncEngine, work: Work[T]) -> T:
    """Do work that sees one consistent snapshot if it is one statement; it may be done twice."""
    count_query()
    async with redeliver_cancellation(), connections_of(engine).taken() as connection:
        driver = driver_of(connection)
        return await driver.read(lambda: work(driver))


async def write_with_driver(engine: AsyncEngine, work: Work[T]) -> T:
    """Do work in a transaction that writes: on disk when this returns, rolled back on an error."""
    async with _writing(engine) as driver:
        done = await driver.on_thread(lambda: _committed(driver, work))
    FLUSHES.inc()
    return done


async def write_unflushed(engine: AsyncEngine, work: Work[T], *, is_short: bool) -> T:
    """Commit without fsync; the commit becomes durable with the next flushed one.

    A power failure before that loses it, and every unflushed commit behind it.

    Args:
        engine: Of a SQLite file.
        work: What is written.
        is_short: Do it on the event loop's thread, unless another process is writing.
    """
    async with _writing(engine) as driver:
        with _unflushed(driver) if is_flushed(engine) else nullcontext():
            if not is_short:
                return await driver.on_thread(lambda: _committed(driver, work))
            await driver.begin_writing()
            return _ended(driver, work)


@asynccontextmanager
async def _writing(engine: AsyncEngine) -> AsyncIterator[SqliteConnection]:
    count_query()
    async with (
        redeliver_cancellation(),
        writer_lock(engine),
        connections_of(engine).taken() as connection,
    ):
        yield driver_of(connection)
    WRITE_TRANSACTIONS.inc()
    changes_of(engine).note_commit()


@contextmanager
def immediate(driver: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes, on the driver's thread."""
    driver.execute("BEGIN IMMEDIATE")
    with _ending(driver):
        yield


def _committed(driver: sqlite3.Connection, work: Work[T]) -> T:
    with immediate(driver):
        return work(driver)


def _ended(driver: sqlite3.Connection, work: Work[T]) -> T:
    with _ending(driver):
        return work(driver)


@contextmanager
def _ending(driver: sqlite3.Connection) -> Iterator[None]:
    """The end of a transaction: committed, or rolled back on an error."""
    try:
        yield
        driver.execute("COMMIT")
    finally:
        # Some errors have ended the transaction already.
        if driver.in_transaction:
            driver.execute("ROLLBACK")


@contextmanager
def _unflushed(driver: sqlite3.Connection) -> Iterator[None]:
    driver.execute("PRAGMA synchronous=NORMAL")
    # Writing the log into the file flushes both: those who flush do it.
    driver.execute("PRAGMA wal_autocheckpoint=0")
    try:
        yield
    finally:
        driver.execute("PRAGMA wal_autocheckpoint=1000")
        driver.execute("PRAGMA synchronous=FULL")
