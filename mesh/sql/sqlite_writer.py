"""Group commit on SQLite: writers that wait at the same time share one transaction and one flush."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from interceptors.cost_trailers import count_query
from mesh.sql.changes import Changes
from mesh.sql.counters import FLUSHES, WRITE_TRANSACTIONS
from mesh.sql.engine import changes_of, writer_lock
from mesh.sql.sqlite_driver import UninterruptedConnection
from mesh.sql.sqlite_transactions import immediate

_MOST_AT_ONCE = 256

Statement = tuple[str, Sequence[Sequence[object]]]
"""An SQL text and the rows of parameters that it is run with."""
_Write = Sequence[Statement]
_Waiting = tuple[_Write, asyncio.Future[None]]
# What the parameters of one write can cause; anything else is the trouble of all of them.
_REFUSALS = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError)


class SqliteWriter:
    """Every write has its own outcome; a cancelled caller's is done all the same.

    A group is one hop to the thread of a connection that is kept: SQLAlchemy makes one per statement.
    """

    def __init__(
        self,
        connection: UninterruptedConnection,
        *,
        turn: Callable[[], AbstractAsyncContextManager[object]],
        changes: Changes,
    ) -> None:
        self._connection = connection
        self._turn = turn
        self._changes = changes
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def opened(cls, engine: AsyncEngine) -> AsyncIterator[Self]:
        """A writer that works until the end of the context."""
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, UninterruptedConnection)
            writer = cls(driver, turn=lambda: writer_lock(engine), changes=changes_of(engine))
            work = asyncio.create_task(writer._work())
            try:
                yield writer
            finally:
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
                for _, outcome in writer._waiting:
                    outcome.cancel()

    async def write(self, statements: _Write) -> None:
        """Run statements in one transaction; it is on disk when this returns.

        Raises:
            sqlite3.IntegrityError: A constraint is broken, and nothing of this write is there.
            sqlite3.Error: The database cannot be used now.
        """
        outcome = asyncio.get_running_loop().create_future()
        for _ in statements:
            count_query()
        self._waiting.append((statements, outcome))
        self._arrived.set()
        await outcome

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            async with self._turn():
                # Only now: whoever came while others were writing belongs to the group.
                group, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                if not self._waiting:
                    self._arrived.clear()
                await self._write(group)

    async def _write(self, group: Sequence[_Waiting]) -> None:
        writes = [statements for statements, _ in group]
        errors: Sequence[Exception | None]
        try:
            errors = await self._connection.at_once(lambda driver: _committed(driver, writes))
        except Exception as trouble:  # noqa: BLE001 - the edge: whatever befell this group, the next may go on
            errors = [trouble] * len(group)
        WRITE_TRANSACTIONS.inc()
        FLUSHES.inc()
        self._changes.notify()
        for (_, outcome), error in zip(group, errors, strict=True):
            _resolve(outcome, error)


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


def _resolve(outcome: asyncio.Future[None], error: Exception | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(None)
    else:
        outcome.set_exception(error)
