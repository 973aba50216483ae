"""The event store in a SQLite file, shared by the workers of one machine.

Bodies are inserted and never updated. The markers `unpublished` and `open` stand
beside them, with partial indexes: finding work costs what there is to do, not
what was ever stored.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from sqlalchemy import ColumnElement, and_, func, or_, select, true, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql.consistency import note_write
from mesh.sql.sqlite_transactions import read_with_driver, write_unflushed
from mesh.sql.sqlite_writer import SqliteWriter
from services.order.adapters.event_store.event_tables_sqlite import (
    BODIES,
    COMMITS,
    IS_FIRST,
    JOINED,
    OPEN_ORDERS,
    PUBLISH,
    UNPUBLISHED,
    insertion,
    metadata,
    of_orders,
    streams_of,
    unpublished_of,
)
from services.order.adapters.event_store.whole_orders import whole_orders
from services.order.adapters.store_errors_sql import translated
from services.order.adapters.times import time_of, time_text
from services.order.application.ports import (
    Commit,
    OpenOrder,
    Position,
    Selection,
    Stream,
    VersionTaken,
)

__all__ = ["SqliteEventStore", "metadata"]


class SqliteEventStore:
    """Streams of orders in two tables; one append is one transaction, and may share its flush with others."""

    def __init__(self, engine: AsyncEngine, *, writer: SqliteWriter) -> None:
        self._engine = engine
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def opened(cls, engine: AsyncEngine) -> AsyncIterator[Self]:
        """The store, over a file that has its tables."""
        async with SqliteWriter.opened(engine) as writer:
            yield cls(engine, writer=writer)

    async def append(self, commit: Commit) -> None:
        try:
            await self._insert([commit], unpublished=True)
        except sqlite3.IntegrityError:
            raise VersionTaken(f"order {commit.order_id} has version {commit.version}") from None
        note_write("order", f"{commit.order_id}:{commit.last_version}")

    async def restore(self, commits: Sequence[Commit]) -> None:
        try:
            await self._insert(commits, unpublished=False)
        except sqlite3.IntegrityError:
            raise VersionTaken(f"one of {len(commits)} versions is there already") from None

    async def read(self, order_id: str) -> Stream | None:
        streams = await self.several([order_id])
        return streams[0] if streams else None

    async def several(self, order_ids: Sequence[str]) -> Sequence[Stream]:
        if not order_ids:
            return []
        wanted = {f"order{number}": order_id for number, order_id in enumerate(order_ids)}
        async with self._read() as session:
            return streams_of(await session.execute(of_orders(len(order_ids)), wanted))

    async def streams(self, *, after: str | None, limit: int) -> Sequence[Stream]:
        page = select(COMMITS.c.order_id).distinct().order_by(COMMITS.c.order_id).limit(limit)
        found: Sequence[Stream] = ()
        while not found:
            async with self._read() as session:
                order_ids = (await session.scalars(page.where(COMMITS.c.order_id > (after or "")))).all()
            if not order_ids:
                break
            # Also behind commits that somebody has left without their events.
            within = COMMITS.c.order_id.between(order_ids[0], order_ids[-1])
            async with self._read() as session:
                found = streams_of(await session.execute(JOINED.where(within)))
            after = order_ids[-1]
        return found

    async def bodies(self, *, after: str | None, limit: int) -> Sequence[tuple[str, Sequence[bytes]]]:
        page = (after or "", limit)
        with translated():
            rows = await read_with_driver(
                self._engine, lambda driver: driver.execute(BODIES, page).fetchall()
            )
        whole = whole_orders(rows, more_follow=len(rows) == limit)
        return whole if whole or not rows else await self.bodies(after=after, limit=2 * limit)

    async def count(self) -> int:
        async with self._read() as session:
            return await session.scalar(select(func.count()).select_from(COMMITS).where(IS_FIRST)) or 0

    async def newest(self, selection: Selection, *, after: Position | None, limit: int) -> Sequence[Stream]:
        newest = (COMMITS.c.commit_time.desc(), COMMITS.c.order_id)
        page = select(COMMITS.c.order_id).where(IS_FIRST, _selected(selection), _behind(after))
        async with self._read() as session:
            order_ids = (await session.scalars(page.order_by(*newest).limit(limit))).all()
        by_id = {stream.order_id: stream for stream in await self.several(order_ids)}
        return [by_id[order_id] for order_id in order_ids]

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        page = (*(after or ("", 0)), limit)
        with translated():
            rows = await read_with_driver(
                self._engine, lambda driver: driver.execute(UNPUBLISHED, page).fetchall()
            )
        return unpublished_of(rows)

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        if not commits:
            return
        published = [(commit.order_id, commit.version) for commit in commits]
        with translated():
            # Markers that get lost with the power are of events that are published again.
            await write_unflushed(
                self._engine, lambda driver: driver.executemany(PUBLISH, published), is_short=True
            )

    async def open_orders(self, *, after: OpenOrder | None, limit: int) -> Sequence[OpenOrder]:
        behind = ("", "") if after is None else (time_text(after.open_time), after.order_id)
        with translated():
            rows = await read_with_driver(
                self._engine, lambda driver: driver.execute(OPEN_ORDERS, (*behind, limit)).fetchall()
            )
        return [OpenOrder(order_id, time_of(since)) for order_id, since in rows]

    async def mark_closed(self, order_id: str, version: int) -> None:
        mine = and_(COMMITS.c.order_id == order_id, COMMITS.c.version <= version, COMMITS.c.open)
        async with self._write() as session:
            await session.execute(update(COMMITS).where(mine).values(open=False))

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _insert(self, commits: Sequence[Commit], *, unpublished: bool) -> None:
        with translated():
            await self._writer.write(insertion(commits, unpublished=unpublished))

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[sql.Session]:
        with translated():
            async with sql.read(self._engine) as session:
                yield session

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[sql.Session]:
        with translated():
            async with sql.write(self._engine) as session:
                yield session


def _selected(selection: Selection) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if selection.customer_id is not None:
        conditions.append(COMMITS.c.customer_id == selection.customer_id)
    if selection.min_place_time is not None:
        conditions.append(COMMITS.c.commit_time >= time_text(selection.min_place_time))
    if selection.max_place_time is not None:
        conditions.append(COMMITS.c.commit_time < time_text(selection.max_place_time))
    return and_(true(), *conditions)


def _behind(after: Position | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    time = time_text(after.place_time)
    same_time = and_(COMMITS.c.commit_time == time, COMMITS.c.order_id > after.order_id)
    return or_(COMMITS.c.commit_time < time, same_time)
