"""The event log in one SQLite file, shared by the processes of one machine."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.lease import LEASE_SECONDS
from mesh.event_log.port import Delivery, EventLogUnavailable, Record, Subscription
from mesh.event_log.sqlite.member import Member
from mesh.event_log.sqlite.places import Place, open_places
from mesh.event_log.sqlite.records import APPEND, beyond, ends_of, metadata, replay, translated
from mesh.sql.row_changes import RowChanges, is_another
from mesh.sql.sqlite_writer import SqliteWriter


class SqliteEventLog:
    """The embedded event log; several processes may publish and consume. Use `opened`."""

    def __init__(
        self,
        engine: AsyncEngine,
        writer: SqliteWriter,
        driver: sqlite3.Connection,
        *,
        place_of: Callable[[str], Place],
        path: Path,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._driver = driver
        self._place_of = place_of
        self._path = path
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, *, clock: Callable[[], float] = time.time, lease_seconds: float = LEASE_SECONDS
    ) -> AsyncIterator["SqliteEventLog"]:
        """Open the log, creating the file where there is none, and close it at the end."""
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sql.open_engine(sql.sqlite_url(path))
        try:
            await sql.create_tables(engine, metadata)
            async with (
                SqliteWriter.opened(engine) as writer,
                open_places(
                    path, lease_seconds=lease_seconds, clock=clock, busy_seconds=_BUSY_SECONDS
                ) as place_of,
                _running(sql.changes_of(engine).run()),
            ):
                with closing(sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS)) as driver:
                    yield cls(engine, writer, driver, place_of=place_of, path=path, clock=clock)
        finally:
            await engine.dispose()

    async def publish(self, record: Record) -> None:
        await self._append([record])

    async def publish_all(self, records: Sequence[Record]) -> int:
        try:
            await self._append(records)
        except EventLogUnavailable:
            return 0
        return len(records)

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        place, appended = self._place_of(group), self._appended(topics)
        member = Member(self._driver, place, topics=tuple(topics), appended=appended, clock=self._clock)
        try:
            async with _running(appended.run(), member.renew()):
                yield member
        finally:
            with suppress(DBAPIError, sqlite3.Error):
                await place.leave()

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        return replay(self._engine, topic)

    async def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        appended, read = self._appended(topics), dict.fromkeys(topics, 0)
        async with _running(appended.run()):
            while True:
                seen = appended.count
                while deliveries := self._beyond(read):
                    for delivery in deliveries:
                        yield delivery
                        read[delivery.record.topic] = delivery.offset
                await appended.wait_for_change(seen)

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _append(self, records: Sequence[Record]) -> None:
        """All of them, or none."""
        now = self._clock()
        rows = [(each.topic, each.key, each.version, each.body, each.hash, now) for each in records]
        with translated():
            await self._writer.write([(APPEND, rows)])

    def _beyond(self, read: dict[str, int]) -> Sequence[Delivery]:
        with translated():
            return beyond(self._driver, read)

    def _appended(self, topics: Sequence[str]) -> RowChanges:
        """Notifies of records of these topics only."""
        changes = sql.changes_of(self._engine)
        return RowChanges(changes, self._path, ends_of(topics), topics, is_news=is_another)


_BUSY_SECONDS = 0.05
"""Readers wait for nobody, unless a process has died and the next one brings the file in order."""


@asynccontextmanager
async def _running(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run loops until the end of the context."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
