"""Notification of commits: tasks that wait for a change in a database look again after each."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.concurrency.change_notifier import ChangeNotifier

POLL_SECONDS = 0.02
EMPTY_SECONDS = 5.0
_MARIADB_POLL_SECONDS = 0.05
_RETRY_SECONDS = 1.0
_POSITION = "SELECT @@gtid_binlog_pos"


class Changes(ChangeNotifier, ABC):
    """Notifies every waiter of this process of what any process has committed."""

    def __init__(self) -> None:
        super().__init__()
        self._watching = asyncio.Lock()

    async def run(self) -> None:
        """Watch the database; never returns. Of several that run at once, one watches for all."""
        async with self._watching:
            await self._watch()

    @abstractmethod
    async def _watch(self) -> None: ...


class SqliteChanges(Changes):
    """The changes of a file, and the end of what they have overwritten.

    Deleted values stay readable in the write-ahead log until its place is used again: it is emptied
    within seconds of a change.
    """

    def __init__(
        self, path: Path, *, poll_seconds: float = POLL_SECONDS, empty_seconds: float = EMPTY_SECONDS
    ) -> None:
        super().__init__()
        self._path = path
        self._poll_seconds = poll_seconds
        self._empty_seconds = empty_seconds

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            tasks.create_task(self._empty_log())

    async def _empty_log(self) -> None:
        emptied = 0
        while True:
            await self.wait_for_change(emptied)
            await asyncio.sleep(self._empty_seconds)
            seen = self.count
            if await asyncio.to_thread(_truncate_log, self._path):
                emptied = seen

    async def _look(self) -> None:
        # On the loop's own thread: data_version reads shared memory only; a hop to a thread costs more.
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as connection:
            version = None
            while True:
                if (current := _data_version(connection)) != version:
                    version = current
                    self.notify()
                await asyncio.sleep(self._poll_seconds)


class MariadbChanges(Changes):
    """The changes of a server: its binary log grows with every commit, and its position is no table's.

    A server without a binary log notifies nobody: then all are woken once a second.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self._engine = engine

    async def _watch(self) -> None:
        while True:
            try:
                await self._compare()
            except DBAPIError:
                # Away: those who wait should find that out themselves.
                self.notify()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _compare(self) -> None:
        async with self._engine.connect() as connection:
            automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
            last = None
            while current := await _position(automatic):
                if current != last:
                    last = current
                    self.notify()
                await asyncio.sleep(_MARIADB_POLL_SECONDS)
        self.notify()


async def _position(connection: AsyncConnection) -> str:
    async with redeliver_cancellation():
        position: str = (await connection.exec_driver_sql(_POSITION)).scalar_one()
        return position


def _truncate_log(path: Path) -> bool:
    """Write the log into the file and empty it; False while somebody else is reading or writing.

    Nobody has to wait for the first step, which takes long; during the second one nobody can write.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not is_busy


def _data_version(connection: sqlite3.Connection) -> int | None:
    try:
        row = connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.OperationalError:
        # Locked for a moment, while another process recovers the log: look again at the next turn.
        return None
    return int(row[0])
