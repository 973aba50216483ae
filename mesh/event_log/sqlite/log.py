"""The event log in one SQLite file, shared by the processes of one machine."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.event_log.outbox.lease import LEASE_SECONDS, SqlLease, lease_metadata
from mesh.event_log.port import Delivery, EventLogUnavailable, Record, Subscription, SubscriptionLost
from mesh.event_log.sqlite.records import (
    beyond,
    ends_of,
    follow,
    metadata,
    positions,
    read_beyond,
    records,
    replay,
    translated,
)
from mesh.sql.row_changes import RowChanges, is_another


class SqliteEventLog:
    """The embedded event log; several processes may publish and consume. Use `opened`."""

    def __init__(
        self,
        engine: AsyncEngine,
        changes: sql.Changes,
        *,
        path: Path,
        clock: Callable[[], float],
        lease_seconds: float,
    ) -> None:
        self._engine = engine
        self._changes = changes
        self._path = path
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._waiting: list[tuple[Record, asyncio.Future[None]]] = []
        self._flushing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, *, clock: Callable[[], float] = time.time, lease_seconds: float = LEASE_SECONDS
    ) -> AsyncIterator["SqliteEventLog"]:
        """Open the log, creating the file where there is none, and close it at the end."""
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sql.open_engine(sql.sqlite_url(path))
        try:
            await sql.create_tables(engine, metadata, lease_metadata)
            changes = sql.changes_of(engine)
            watching = asyncio.create_task(changes.run())
            try:
                yield cls(engine, changes, path=path, clock=clock, lease_seconds=lease_seconds)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            await engine.dispose()

    async def publish(self, record: Record) -> None:
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, stored))
        # Group commit: the first to get here stores the records of all that wait.
        async with self._flushing:
            if not stored.done():
                await self._flush()
        await stored

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        lease = SqlLease(
            self._engine,
            name=f"group:{group}",
            holder=uuid.uuid4().hex,
            seconds=self._lease_seconds,
            clock=self._clock,
        )
        appended = self._appended(topics)
        member = _Member(self._engine, appended, lease, group=group, topics=tuple(topics), clock=self._clock)
        tasks = [asyncio.create_task(appended.run()), asyncio.create_task(member.renew())]
        try:
            yield member
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with translated():
                await lease.release()

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        return replay(self._engine, topic)

    async def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        appended = self._appended(topics)
        watching = asyncio.create_task(appended.run())
        try:
            async for delivery in follow(self._engine, appended, topics):
                yield delivery
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _appended(self, topics: Sequence[str]) -> RowChanges:
        """Notifies of records of these topics only: groups commit and renew leases in the same file."""
        return RowChanges(self._changes, self._path, ends_of(topics), topics, is_news=is_another)

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            with translated():
                await self._insert([record for record, _ in batch])
        except BaseException:
            for _, stored in batch:
                _fail(stored)
            raise
        for _, stored in batch:
            if not stored.done():
                stored.set_result(None)

    async def _insert(self, batch: Sequence[Record]) -> None:
        now = self._clock()
        rows = [
            {
                "topic": record.topic,
                "key": record.key,
                "version": record.version,
                "body": record.body,
                "hash": record.hash,
                "append_time": now,
            }
            for record in batch
        ]
        async with sql.write(self._engine) as session:
            await session.execute(insert(records), rows)


class _Member:
    """A member of a group: active while it holds the group's lease."""

    def __init__(
        self,
        engine: AsyncEngine,
        appended: ChangeNotifier,
        lease: SqlLease,
        *,
        group: str,
        topics: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._appended = appended
        self._lease = lease
        self._group = group
        self._topics = topics
        self._clock = clock
        self._positions: dict[str, int] = {}
        self._active = asyncio.Event()

    async def renew(self) -> None:
        """Take the lease as soon as it is free and keep it."""
        while True:
            try:
                held = await self._lease.hold()
            except DBAPIError:
                held = False
            self._note(held)
            await asyncio.sleep(self._lease.seconds / 4)

    async def poll(self) -> Sequence[Delivery]:
        while True:
            await self._active.wait()
            seen = self._appended.count
            if deliveries := await self._next():
                return deliveries
            await self._appended.wait_for_change(seen)

    async def commit(self, delivery: Delivery) -> None:
        topic, offset = delivery.record.topic, delivery.offset
        row = insert(positions).values(group_name=self._group, topic=topic, offset=offset)
        higher = func.max(positions.c.offset, row.excluded.offset)
        with translated():
            async with sql.write(self._engine) as session:
                if not await self._lease.is_held(session):
                    self._note(False)
                    raise SubscriptionLost(f"another member of {self._group} has taken over")
                await session.execute(row.on_conflict_do_update(set_={"offset": higher}))

    async def lag_seconds(self) -> float:
        with translated():
            committed = await self._committed()
            async with sql.read(self._engine) as session:
                oldest = (await session.execute(beyond(committed).limit(1))).one_or_none()
        return max(0.0, self._clock() - oldest.append_time) if oldest else 0.0

    def _note(self, held: bool) -> None:
        if held and not self._active.is_set():
            self._active.set()
            # What the member before has not committed is new to this one.
            self._appended.notify()
        elif not held:
            self._active.clear()
            self._positions = {}

    async def _next(self) -> Sequence[Delivery]:
        if not self._positions:
            with translated():
                self._positions = await self._committed()
        deliveries = await read_beyond(self._engine, self._positions)
        if not self._active.is_set():
            return []
        self._positions.update({delivery.record.topic: delivery.offset for delivery in deliveries})
        return deliveries

    async def _committed(self) -> dict[str, int]:
        mine = select(positions.c.topic, positions.c.offset).where(positions.c.group_name == self._group)
        async with sql.read(self._engine) as session:
            stored = {row.topic: row.offset for row in await session.execute(mine)}
        return {topic: stored.get(topic, 0) for topic in self._topics}


def _fail(stored: asyncio.Future[None]) -> None:
    if not stored.done():
        stored.set_exception(EventLogUnavailable("the event log did not acknowledge"))
        # Retrieved: the one that flushed raises the cause instead of awaiting it.
        stored.exception()
