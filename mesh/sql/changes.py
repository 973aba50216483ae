"""Notification of commits: tasks that wait for a change in a database look again after each."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

import structlog

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.concurrency.file_writes import watched

POLL_SECONDS = 0.02
"""How often a file is polled where the system has no notification of writes."""
FIRST_LOOK_SECONDS = 0.0015
LOOK_SECONDS = 5.0
"""How often it is looked at though nobody writes; after a write soon, and then ever more slowly."""
EMPTY_SECONDS = 5.0
_SLOWER = 2.5
_NEXT_COMMIT_SECONDS = 0.02
"""How long after a commit that was seen another one may become visible whose write was notified before."""
_log = structlog.get_logger()

Row = tuple[Any, ...]
IsNews = Callable[[Row | None, Row | None], bool]
"""Whether a question's first row is news, given the row before; None: there is none."""


class Waited(Protocol):
    """What can be waited for."""

    @property
    def count(self) -> int: ...

    async def wait_for_change(self, seen: int) -> int: ...

    async def run(self) -> None: ...


class Changes(ChangeNotifier, ABC):
    """Notifies every waiter of this process of what any process has committed."""

    def __init__(self) -> None:
        super().__init__()
        self._watching = asyncio.Lock()

    async def run(self) -> None:
        """Watch the database; never returns. Of several that run at once, one watches for all."""
        async with self._watching:
            await self._watch()

    def note_commit(self) -> None:
        """Wake the waiters: this process has committed."""
        self.notify()

    @abstractmethod
    async def _watch(self) -> None: ...


class SqliteChanges(Changes):
    """The changes of a file, and the end of what they have overwritten.

    Deleted values stay readable in the write-ahead log until its place is used again: it is emptied
    within seconds of a change.
    """

    def __init__(
        self, path: Path, *, longest_seconds: float = LOOK_SECONDS, empty_seconds: float = EMPTY_SECONDS
    ) -> None:
        super().__init__()
        # Of a symbolic link: SQLite keeps the log beside its target.
        self._path = path.resolve()
        self._longest_seconds = longest_seconds
        self._empty_seconds = empty_seconds
        self._looking: _Looking | None = None

    def note_commit(self) -> None:
        """Look at once, which wakes the waiters, and not once more when the kernel notifies of the write."""
        if self._looking is None:
            self.notify()
        else:
            self._looking.look()

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
            if await asyncio.to_thread(_is_log_empty, self._path):
                emptied = seen

    async def _look(self) -> None:
        # On the loop's own thread: data_version reads shared memory only; a hop to a thread costs more.
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as connection:
            looking = _Looking(connection, self.notify, longest_seconds=self._longest_seconds)
            looking.look()  # makes the write-ahead log where there is none
            self._looking = looking
            try:
                with watched(_log_of(self._path), looking.soon):
                    # What was written before this began.
                    looking.soon()
                    await _for_ever()
            except OSError as error:
                # As where too many files are watched already.
                _log.warning("file_polled", error=type(error).__name__, path=self._path.name)
                looking.longest_seconds = POLL_SECONDS
                looking.soon()
                await _for_ever()
            finally:
                self._looking = None
                looking.stop()


class _Looking:
    """Looks for commits to a file: soon after a write to its log, and then ever more slowly.

    The write comes before its commit can be seen, by as long as the disk takes. Once a commit is seen, hardly
    anything else is to be expected before the next write.
    """

    def __init__(
        self, connection: sqlite3.Connection, notify: Callable[[], None], *, longest_seconds: float
    ) -> None:
        self._connection = connection
        self._notify = notify
        self._version: int | None = None
        self._pause_seconds = self.longest_seconds = longest_seconds
        self._next: asyncio.TimerHandle | None = None
        self._is_seen = False

    def soon(self) -> None:
        """A write to the log: look soon, and not later than planned, as writes may follow each other fast."""
        self._is_seen = False
        self._pause_seconds = min(FIRST_LOOK_SECONDS, self.longest_seconds)
        time = asyncio.get_running_loop().time()
        if self._next is None or self._next.when() > time + self._pause_seconds:
            self._plan()

    def look(self) -> None:
        """Look now, and again after a pause."""
        try:
            if (version := _data_version(self._connection)) != self._version:
                self._version, self._is_seen = version, True
                self._notify()
        finally:
            self._pause_seconds = self._next_pause_seconds()
            self._plan()

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def _next_pause_seconds(self) -> float:
        pause = min(_SLOWER * self._pause_seconds, self.longest_seconds)
        return self.longest_seconds if self._is_seen and pause > _NEXT_COMMIT_SECONDS else pause

    def _plan(self) -> None:
        self.stop()
        self._next = asyncio.get_running_loop().call_later(self._pause_seconds, self.look)


async def _for_ever() -> None:
    await asyncio.Event().wait()


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _is_log_empty(path: Path) -> bool:
    """Whether it is now: of several processes one empties it."""
    with suppress(FileNotFoundError):
        return not _log_of(path).stat().st_size or _truncate_log(path)
    return True


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
    except sqlite3.Error:
        # Locked for a moment, while another process recovers the log: look again at the next turn.
        return None
    return int(row[0])
