"""aiosqlite connections whose statements are never left half-way.

A cancelled statement would go on in its thread while SQLAlchemy throws the connection
away: now and then the two wait for each other for ever, with the file's lock held.
Here a statement runs to its end, which takes milliseconds, and the cancellation is
delivered afterwards, at the next await that is not a statement.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import aiosqlite

_CHUNK_ROWS = 64

T = TypeVar("T")


class SteadyConnection(aiosqlite.Connection):
    """An aiosqlite connection that finishes what it has begun."""

    async def at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work on the connection's thread: of several statements, one hop there and back."""
        done: T = await self._execute(lambda: work(self._conn))
        return done

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        future = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((future, partial(fn, *args, **kwargs)))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await _finished(future)
        return future.result()


def steady_connection(database: str, **options: Any) -> SteadyConnection:
    """Make a connection; awaiting it opens the file."""
    connection = SteadyConnection(lambda: sqlite3.connect(database, **options), _CHUNK_ROWS)
    connection._thread.daemon = True  # as SQLAlchemy does for its own
    return connection


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
