"""How far the consumer groups of this process are, stored a moment later and all together."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.event_log.outbox.lease import SqlLease
from mesh.sql.sqlite_transactions import write_unflushed

STORE_SECONDS = 0.5
"""A member that is killed gets again what it handled in so short a time before."""

_OF_GROUP = "SELECT topic, offset FROM positions WHERE group_name = ?"
_STORE = """
    INSERT INTO positions (group_name, topic, offset) VALUES (?, ?, ?)
    ON CONFLICT (group_name, topic) DO UPDATE SET offset = max(offset, excluded.offset)
"""

_log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Place:
    """A member's place in the log.

    Attributes:
        group: Whose member it is.
        lease: Held by the only member of the group that may store its place.
        noted: By topic, the offset up to which records are handled and that is still to be stored.
    """

    group: str
    lease: SqlLease
    noted: dict[str, int] = field(default_factory=dict)


class Positions:
    """The places of all members in this process.

    They are stored without a flush: those who get records again drop what they know.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._noted: list[Place] = []
        self._is_noted = asyncio.Event()

    async def run(self) -> None:
        """Store what is noted, for ever."""
        while True:
            await self._is_noted.wait()
            await asyncio.sleep(STORE_SECONDS)
            try:
                await self.store()
            except (DBAPIError, sqlite3.Error) as error:
                _log.warning("positions_not_stored", error=type(error).__name__)

    def note(self, place: Place, topic: str, offset: int) -> None:
        """Note that a member has handled a topic's records up to an offset."""
        place.noted[topic] = max(offset, place.noted.get(topic, 0))
        if place not in self._noted:
            self._noted.append(place)
        self._is_noted.set()

    async def store(self) -> None:
        """Store now what is noted; of members that have lost their lease nothing.

        Raises:
            DBAPIError: The database does not answer; it stays noted.
        """
        rows = [(place, dict(place.noted)) for place in self._noted if place.noted]
        if rows:
            await write_unflushed(self._engine, lambda driver: _store(driver, rows), is_short=True)
        for place, stored in rows:
            place.noted = dict(place.noted.items() - stored.items())
        self._noted = [place for place in self._noted if place.noted]
        if not self._noted:
            self._is_noted.clear()


def stored_of(driver: sqlite3.Connection, group: str) -> Mapping[str, int]:
    """A group's place, by topic."""
    return dict(driver.execute(_OF_GROUP, (group,)).fetchall())


def _store(driver: sqlite3.Connection, rows: Sequence[tuple[Place, Mapping[str, int]]]) -> None:
    for place, noted in rows:
        if place.lease.is_held_in(driver):
            driver.executemany(_STORE, [(place.group, *each) for each in noted.items()])
