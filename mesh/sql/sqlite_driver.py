"""SQLite on the event loop's own thread, except for what may take long.

A way to another thread and back costs ten times as much as most statements. What goes there all the same:
waiting for a lock, commits that have to reach the disk, and statements that turn out to take long.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any, TypeVar

from sqlalchemy import URL, Pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from mesh.sql.counters import THREAD_HOPS

DRIVER_NAME = "sqlite+inline"
BUSY_TIMEOUT_MS = 10_000
"""How long a thread waits for a lock; the event loop's waits for none."""
SHORT_SECONDS = 0.002
"""How long a statement that reads may take of the event loop's time."""

_STEPS = 1_000
_PUT_OFF = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT})
# Only of those that wait for a lock or a disk there is more than one at a time.
_THREADS = ThreadPoolExecutor(16, "sqlite")

T = TypeVar("T")


class SqliteConnection(sqlite3.Connection):
    """A connection that one task uses at a time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._end_time = inf
        self.set_progress_handler(self._is_over, _STEPS)

    async def read(self, work: Callable[[], T]) -> T:
        """Do work that only reads, on this thread if it is short; so it may be done twice."""
        self._end_time = time.monotonic() + SHORT_SECONDS
        try:
            return work()
        except (sqlite3.OperationalError, DBAPIError) as error:
            if not _is_put_off(error):
                raise
        finally:
            self._end_time = inf
        return await self.on_thread(work)

    async def begin_writing(self) -> None:
        """Begin a transaction that writes: it has the file's lock from now on."""
        try:
            self.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not _is_put_off(error):
                raise
            await self.on_thread(lambda: self.execute("BEGIN IMMEDIATE"))

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Do work on another thread, to its end: a cancellation is raised at the next await that waits."""
        THREAD_HOPS.inc()
        running = asyncio.get_running_loop().run_in_executor(_THREADS, self._patiently, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await _finished(running)
        return running.result()

    def _patiently(self, work: Callable[[], T]) -> T:
        self.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        try:
            return work()
        finally:
            self.execute("PRAGMA busy_timeout=0")

    def _is_over(self) -> bool:
        return time.monotonic() > self._end_time


class InlineDialect(SQLiteDialect_pysqlite):
    """SQLite for SQLAlchemy's asyncio extension, though nothing has to be waited for."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """None: `mesh.sql.sqlite_connections` keeps what is used often."""
        return NullPool


registry.register("sqlite.inline", __name__, InlineDialect.__name__)


def _is_put_off(error: BaseException) -> bool:
    """Whether a statement failed only because this thread did not wait for it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    # The lower byte says what kind of error it is.
    return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _PUT_OFF


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
