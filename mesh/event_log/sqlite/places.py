"""How far the consumer groups of the embedded event log are, and which member of each is at work.

Both are in a file beside the log: members write there all the time, and each consumer that waits for records
looks at every write to the log.
"""

import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.lease import SqlLease, lease_metadata
from mesh.sql.sqlite_driver import BUSY_TIMEOUT_MS
from mesh.sql.sqlite_transactions import write_unflushed

_OF_GROUP = "SELECT topic, offset FROM positions WHERE group_name = ?"
_STORE = """
    INSERT INTO positions (group_name, topic, offset) VALUES (?, ?, ?)
    ON CONFLICT (group_name, topic) DO UPDATE SET offset = max(offset, excluded.offset)
"""
_KEPT_IN_LOG = "SELECT name FROM log.sqlite_master WHERE name = 'positions'"
_ADOPT = "INSERT OR IGNORE INTO positions SELECT group_name, topic, offset FROM log.positions"

_metadata = MetaData()
Table(
    "positions",
    _metadata,
    Column("group_name", String(100), primary_key=True),
    Column("topic", String(100), primary_key=True),
    Column("offset", Integer, nullable=False),
)


class Place:
    """A member's place in the log, and the lease by which it alone of its group may store it.

    It is stored with each renewal of the lease, without a flush: a member that is killed gets again what it
    has handled since, and drops what it knows.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        driver: sqlite3.Connection,
        *,
        group: str,
        lease_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.group = group
        self.lease_seconds = lease_seconds
        self._engine = engine
        self._driver = driver
        self._lease = SqlLease(
            engine,
            name=f"group:{group}",
            holder=uuid.uuid4().hex,
            seconds=lease_seconds,
            clock=clock,
            together=self._store,
        )
        self._noted: dict[str, int] = {}
        self._written: Mapping[str, int] = {}

    async def hold(self) -> bool:
        """Take the lease or renew it, and store what is noted.

        Returns:
            Whether it is held now.

        Raises:
            DBAPIError: The database does not answer; what is noted stays noted.
        """
        self._written = {}
        is_held = await self._lease.hold()
        # Its successor begins where it was stored; what it has not stored is handled again.
        self._noted = dict(self._noted.items() - self._written.items()) if is_held else {}
        return is_held

    def is_held(self) -> bool:
        """Whether the lease is held at this moment."""
        return self._lease.is_held_in(self._driver)

    def note(self, topic: str, offset: int) -> None:
        """Note that a topic's records up to an offset are handled."""
        self._noted[topic] = max(offset, self._noted.get(topic, 0))

    def committed(self) -> Mapping[str, int]:
        """By topic, the offset of the last record that is handled."""
        return {**dict(self._driver.execute(_OF_GROUP, (self.group,)).fetchall()), **self._noted}

    async def leave(self) -> None:
        """Store what is noted, and let the next member in at once.

        Raises:
            DBAPIError: The database does not answer: the next member begins a little later and earlier.
        """
        await write_unflushed(self._engine, self._store_if_held, is_short=True)
        await self._lease.release()

    def _store_if_held(self, driver: sqlite3.Connection) -> None:
        if self._lease.is_held_in(driver):
            self._store(driver)

    def _store(self, driver: sqlite3.Connection) -> None:
        self._written = dict(self._noted)
        driver.executemany(_STORE, [(self.group, *each) for each in self._written.items()])


@asynccontextmanager
async def open_places(
    log: Path, *, lease_seconds: float, clock: Callable[[], float], busy_seconds: float
) -> AsyncIterator[Callable[[str], Place]]:
    """Open the places in a log, creating their file where there is none.

    Yields:
        Makes the place of another member, of the group that is named.
    """
    path = groups_file(log)
    engine = sql.open_engine(sql.sqlite_url(path), is_flushed=False)
    try:
        await sql.create_tables(engine, _metadata, lease_metadata)
        _adopt(path, log)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=busy_seconds)) as driver:
            yield lambda group: Place(engine, driver, group=group, lease_seconds=lease_seconds, clock=clock)
    finally:
        await engine.dispose()


def groups_file(log: Path) -> Path:
    """Where the places in a log are stored."""
    return log.with_stem(f"{log.stem}_groups")


def _adopt(path: Path, log: Path) -> None:
    """Take over the places that earlier versions stored in the log itself."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)) as driver:
        driver.execute("ATTACH ? AS log", (str(log),))
        if driver.execute(_KEPT_IN_LOG).fetchone():
            driver.execute(_ADOPT)
