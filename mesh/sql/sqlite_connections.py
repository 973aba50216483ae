"""Connections to a SQLite file that stay open, each for one task at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql.sqlite_driver import SqliteConnection

MOST = 16
WAIT_SECONDS = 30.0


class SqliteConnections:
    """The connections of an engine; they are closed with it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(MOST)
        self._is_closed = False
        event.listen(engine.sync_engine, "engine_disposed", lambda _engine: self._close())

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Connection]:
        """A connection without a transaction; what is open at the end is rolled back.

        Raises:
            OperationalError: None has become free in time.
        """
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        try:
            connection = self._free.pop() if self._free else await self._opened()
            try:
                yield connection
            finally:
                self._put_back(connection)
        finally:
            self._places.release()

    async def _opened(self) -> Connection:
        connection = (await self._engine.connect()).sync_connection
        assert connection is not None
        return connection

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise OperationalError("no connection is free", None, error) from None

    def _put_back(self, connection: Connection) -> None:
        try:
            if connection.in_transaction():
                connection.rollback()
            driver = driver_of(connection)
            if driver.in_transaction:
                driver.rollback()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        if self._is_closed:
            connection.close()
        else:
            self._free.append(connection)

    def _close(self) -> None:
        self._is_closed = True
        while self._free:
            self._free.pop().close()


def driver_of(connection: Connection) -> SqliteConnection:
    """What SQLAlchemy's connection runs statements with."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, SqliteConnection)
    return driver
