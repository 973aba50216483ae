"""A lease in a database: of several processes one does a thing at a time, and a dead one is replaced."""

import sqlite3
import time
from collections.abc import Callable

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.sqlite_transactions import write_unflushed

LEASE_SECONDS = 5.0

lease_metadata = MetaData()
_leases = Table(
    "leases",
    lease_metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expire_time", Double, nullable=False),
)

_HOLDER = sql.Prepared(
    select(_leases.c.holder).where(
        _leases.c.name == bindparam("named"),
        _leases.c.expire_time.between(bindparam("now"), bindparam("longest")),
        _leases.c.expire_time > bindparam("now"),
    )
)
_TAKE = """
    INSERT INTO leases (name, holder, expire_time) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expire_time = excluded.expire_time
    WHERE holder = excluded.holder OR expire_time <= ? OR expire_time > ?
"""
_HELD = "SELECT expire_time FROM leases WHERE name = ? AND holder = ?"


class SqlLease:
    """One name to hold. Renew it well within `seconds`; its holder works, the others wait.

    A lease is no lock: a holder that was paused may still be working when the next one starts.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        name: str,
        holder: str,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.time,
        together: Callable[[sqlite3.Connection], None] = lambda _driver: None,
    ) -> None:
        """Bind a lease.

        Args:
            engine: Where it is stored.
            name: What is held.
            holder: Who would hold it; of its own for each holder.
            seconds: How long it lasts.
            clock: The time, in Unix seconds.
            together: On SQLite, what its holder writes in the transaction of each renewal.
        """
        self._engine = engine
        self._name = name
        self._holder = holder
        self._clock = clock
        self._together = together
        self._renew_time = 0.0
        self.seconds = seconds

    async def hold(self) -> bool:
        """Take the lease, or renew it when half of its time is over.

        Returns:
            Whether it is held now.

        Raises:
            DBAPIError: The database does not answer.
        """
        if self._renew_time - self.seconds / 2 <= self._clock() < self._renew_time:
            return True
        # Read first: those who wait in line must not write all the time.
        async with sql.read_one(self._engine) as session:
            if await self._holder_now(session) not in (None, self._holder):
                return False
        if self._engine.dialect.name == "sqlite":
            return await self._take_on_sqlite()
        return await self._take()

    def is_held_in(self, driver: sqlite3.Connection) -> bool:
        """Whether it is held, by SQLite's driver: within a transaction that must not happen otherwise."""
        now = self._clock()
        row = driver.execute(_HELD, (self._name, self._holder)).fetchone()
        return row is not None and now < row[0] <= now + self.seconds

    async def release(self) -> None:
        """Let the next one in at once."""
        self._renew_time = 0.0
        mine = (_leases.c.name == self._name) & (_leases.c.holder == self._holder)
        async with sql.write(self._engine) as session:
            await session.execute(delete(_leases).where(mine))

    async def _take_on_sqlite(self) -> bool:
        """As `_take`. After a power failure there is no holder that could miss it: no flush."""

        def take(driver: sqlite3.Connection) -> float:
            # Asked once others have had their turn: a time before theirs would take their lease for over.
            now = self._clock()
            row = (self._name, self._holder, now + self.seconds, now, now + self.seconds)
            if not driver.execute(_TAKE, row).rowcount:
                return 0.0
            self._together(driver)
            return now + self.seconds / 2

        try:
            self._renew_time = await write_unflushed(self._engine, take, is_short=True)
        except sqlite3.Error as error:
            raise OperationalError(_TAKE, None, error) from error
        return self._renew_time > 0

    async def _take(self) -> bool:
        try:
            async with sql.write(self._engine) as session:
                now = self._clock()
                await self._store(session, now + self.seconds)
                held = await self._holder_now(session) == self._holder
        except IntegrityError:
            # Another one has created the row meanwhile.
            return False
        self._renew_time = now + self.seconds / 2 if held else 0.0
        return held

    async def _store(self, session: sql.Session, expire_time: float) -> None:
        row = {"holder": self._holder, "expire_time": expire_time}
        named = _leases.c.name == self._name
        if (await session.execute(select(_leases.c.name).where(named))).first() is None:
            await session.execute(insert(_leases).values(name=self._name, **row))
        else:
            free = or_(_leases.c.holder == self._holder, self._is_over())
            await session.execute(update(_leases).where(named, free).values(**row))

    async def _holder_now(self, session: sql.Session) -> str | None:
        now = self._clock()
        times = {"now": now, "longest": now + self.seconds}
        holder: str | None = await session.scalar(_HOLDER, {"named": self._name, **times})
        return holder

    def _is_over(self) -> ColumnElement[bool]:
        # Further ahead than a lease lasts: the clock was set back since; nobody renews that.
        now = self._clock()
        return or_(_leases.c.expire_time <= now, _leases.c.expire_time > now + self.seconds)
