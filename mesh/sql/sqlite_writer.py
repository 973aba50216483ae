"""Group commit on SQLite: writers that wait at the same time share one transaction and one flush."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from interceptors.cost_trailers import count_query
from mesh.concurrency.group_commit import GroupCommit
from mesh.concurrency.task_group import Tasks
from mesh.sql.counters import FLUSHES, WRITE_TRANSACTIONS
from mesh.sql.engine import changes_of, connections_of, writer_lock
from mesh.sql.sqlite_connections import driver_of
from mesh.sql.sqlite_driver import SqliteConnection
from mesh.sql.sqlite_transactions import immediate

_MOST_AT_ONCE = 256

Statement = tuple[str, Sequence[Sequence[object]]]
"""An SQL text and the rows of parameters that it is run with."""
_Write = Sequence[Statement]
# What the parameters of one write can cause; anything else is the trouble of all of them.
_REFUSALS = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError)


class SqliteWriter:
    """Every write has its own outcome.

    A group is one way to another thread, with all of its statements.
    """

    def __init__(self, driver: SqliteConnection, engine: AsyncEngine, tasks: Tasks) -> None:
        self._driver = driver
        self._changes = changes_of(engine)
        self._commits = GroupCommit(
            self._commit, most=_MOST_AT_ONCE, tasks=tasks, turn=lambda: writer_lock(engine), detached=True
        )

    @classmethod
    @asynccontextmanager
    async def opened(cls, engine: AsyncEngine) -> AsyncIterator[Self]:
        """A writer that works until the end of the context."""
        async with connections_of(engine).taken() as connection, Tasks() as tasks:
            yield cls(driver_of(connection), engine, tasks)

    async def write(self, statements: _Write) -> None:
        """Run statements in one transaction; it is on disk when this returns.

        Raises:
            sqlite3.IntegrityError: A constraint is broken, and nothing of this write is there.
            sqlite3.Error: The database cannot be used now.
        """
        for _ in statements:
            count_query()
        await self._commits.submit(statements)

    async def _commit(self, writes: Sequence[_Write]) -> Sequence[Exception | None]:
        outcomes = await self._driver.on_thread(lambda: _committed(self._driver, writes))
        WRITE_TRANSACTIONS.inc()
        FLUSHES.inc()
        self._changes.note_commit()
        return outcomes


def _committed(driver: sqlite3.Connection, writes: Sequence[_Write]) -> Sequence[Exception | None]:
    """What became of each: None when it is on disk."""
    try:
        with immediate(driver):
            for statements in writes:
                _run(driver, statements)
    except _REFUSALS as error:
        return [error] if len(writes) == 1 else _committed_apart(driver, writes)
    return [None] * len(writes)


def _committed_apart(driver: sqlite3.Connection, writes: Sequence[_Write]) -> Sequence[Exception | None]:
    # Savepoints double the statements, and after each the thread has to wait for the interpreter again.
    with immediate(driver):
        return [_outcome(driver, statements) for statements in writes]


def _outcome(driver: sqlite3.Connection, statements: _Write) -> Exception | None:
    driver.execute("SAVEPOINT one")
    try:
        _run(driver, statements)
    except _REFUSALS as error:
        driver.execute("ROLLBACK TO one")
        return error
    finally:
        driver.execute("RELEASE one")
    return None


def _run(driver: sqlite3.Connection, statements: _Write) -> None:
    for text, rows in statements:
        driver.executemany(text, rows)
