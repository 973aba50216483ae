"""aiosqlite connections whose statements are one hop to their thread, and are never left half-way.

aiosqlite goes there to make a cursor, to run the statement, to read the rows and to close the cursor; each
way there and back costs more than most statements.

A cancelled statement would go on in its thread while SQLAlchemy throws the connection
away: now and then the two wait for each other for ever, with the file's lock held.
Here a statement runs to its end, which takes milliseconds, and the cancellation is
delivered afterwards, at the next await that is not a statement.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite
from aiosqlite.context import contextmanager

from mesh.sql.counters import THREAD_HOPS

_CHUNK_ROWS = 64

T = TypeVar("T")


class UninterruptedConnection(aiosqlite.Connection):
    """An aiosqlite connection that finishes what it has begun."""

    _beginning = ""
    _only_reads = False

    def begin(self, statement: str, *, only_reads: bool) -> None:
        """Begin a transaction together with its first statement."""
        self._beginning = statement
        self._only_reads = only_reads

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        return SteadyCursor(self)

    async def commit(self) -> None:
        if not self._is_untouched():
            await super().commit()

    async def rollback(self) -> None:
        if self._is_untouched():
            return
        if self._only_reads:
            # Nobody has to wait for it: what comes next on this connection comes behind it.
            self._tx.put_nowait((None, self._conn.rollback))
            return
        await super().rollback()

    async def at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work on the connection's thread: of several statements, one hop there and back."""
        done: T = await self._execute(lambda: work(self._conn))
        return done

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        work = partial(fn, *args, **kwargs)
        if self._beginning:
            work = partial(_begun, self._conn, self._beginning, work)
            self._beginning = ""
        future = asyncio.get_running_loop().create_future()
        THREAD_HOPS.inc()
        self._tx.put_nowait((future, work))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await _finished(future)
        return future.result()

    def _is_untouched(self) -> bool:
        """Whether no transaction is open; one that was only going to begin is forgotten."""
        self._beginning = ""
        return not self._conn.in_transaction


class SteadyCursor(aiosqlite.Cursor):
    """A cursor that has read all rows when its statement is done, as SQLAlchemy does in any case."""

    def __init__(self, connection: UninterruptedConnection) -> None:
        self._conn: UninterruptedConnection = connection
        self._cursor: Any = None
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Any = None) -> Self:
        def run(driver: sqlite3.Connection) -> list[Any]:
            cursor = self._cursor = driver.cursor()
            return cursor.execute(sql, () if parameters is None else parameters).fetchall()

        self._rows = await self._conn.at_once(run)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        def run(driver: sqlite3.Connection) -> None:
            self._cursor = driver.cursor()
            self._cursor.executemany(sql, parameters)

        await self._conn.at_once(run)
        return self

    async def fetchone(self) -> Any:
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left to be done: all rows are read."""


def uninterrupted_connection(database: str, **options: Any) -> UninterruptedConnection:
    """Make a connection; awaiting it opens the file."""
    connection = UninterruptedConnection(lambda: sqlite3.connect(database, **options), _CHUNK_ROWS)
    connection._thread.daemon = True  # as SQLAlchemy does for its own
    return connection


def _begun(driver: sqlite3.Connection, statement: str, work: Callable[[], T]) -> T:
    driver.execute(statement)
    return work()


async def _finished(future: "asyncio.Future[Any]") -> None:
    """Wait for the future whatever happens; leave the task as cancelled as it was."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    cancellations = 1
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            task.uncancel()
            cancellations += 1
    for _ in range(cancellations):
        task.cancel()
