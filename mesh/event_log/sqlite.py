"""The event log in one SQLite file, shared by the processes of one machine."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.lease import LEASE_SECONDS, SqlLease, lease_metadata
from mesh.event_log.port import Delivery, EventLogUnavailable, Record, Subscription, SubscriptionLost

BATCH = 200

_metadata = MetaData()
# AUTOINCREMENT under one writer at a time: offsets appear in order, so none is skipped by a reader.
_records = Table(
    "records",
    _metadata,
    Column("offset", Integer, primary_key=True, autoincrement=True),
    Column("topic", String(100), nullable=False),
    Column("key", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("append_time", Double, nullable=False),
    Index("records_by_topic", "topic", "offset"),
    sqlite_autoincrement=True,
)
_positions = Table(
    "positions",
    _metadata,
    Column("group_name", String(100), primary_key=True),
    Column("topic", String(100), primary_key=True),
    Column("offset", Integer, nullable=False),
)


class SqliteEventLog:
    """The embedded event log; several processes may publish and consume. Use `opened`."""

    def __init__(
        self,
        engine: AsyncEngine,
        changes: sql.Changes,
        *,
        clock: Callable[[], float],
        lease_seconds: float,
    ) -> None:
        self._engine = engine
        self._changes = changes
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
            await sql.create_tables(engine, _metadata, lease_metadata)
            changes = sql.changes_of(engine)
            watching = asyncio.create_task(changes.run())
            try:
                yield cls(engine, changes, clock=clock, lease_seconds=lease_seconds)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            await engine.dispose()

    async def publish(self, record: Record) -> None:
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, stored))
        # Group commit: whoever gets here first stores what all have handed in meanwhile.
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
        member = _Member(
            self._engine, self._changes, lease, group=group, topics=tuple(topics), clock=self._clock
        )
        renewing = asyncio.create_task(member.renew())
        try:
            yield member
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            with _translated():
                await lease.release()

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            with _translated():
                await self._insert([record for record, _ in batch])
        except BaseException:
            for _, stored in batch:
                _settle(stored, EventLogUnavailable("the event log did not acknowledge"))
            raise
        for _, stored in batch:
            _settle(stored, None)

    async def _insert(self, records: Sequence[Record]) -> None:
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
            for record in records
        ]
        async with sql.write(self._engine) as session:
            await session.execute(insert(_records), rows)


class _Member:
    """A member of a group: active while it holds the group's lease."""

    def __init__(
        self,
        engine: AsyncEngine,
        changes: sql.Changes,
        lease: SqlLease,
        *,
        group: str,
        topics: tuple[str, ...],
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._changes = changes
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
            seen = self._changes.count
            if deliveries := await self._next():
                return deliveries
            await self._changes.wait_past(seen)

    async def commit(self, delivery: Delivery) -> None:
        topic, offset = delivery.record.topic, delivery.offset
        row = insert(_positions).values(group_name=self._group, topic=topic, offset=offset)
        higher = func.max(_positions.c.offset, row.excluded.offset)
        with _translated():
            async with sql.write(self._engine) as session:
                if not await self._lease.is_held(session):
                    self._note(False)
                    raise SubscriptionLost(f"another member of {self._group} has taken over")
                await session.execute(row.on_conflict_do_update(set_={"offset": higher}))

    async def lag_seconds(self) -> float:
        with _translated():
            positions = await self._committed()
            async with sql.read(self._engine) as session:
                oldest = (await session.execute(self._beyond(positions).limit(1))).one_or_none()
        return max(0.0, self._clock() - oldest.append_time) if oldest else 0.0

    def _note(self, held: bool) -> None:
        if held:
            self._active.set()
        else:
            self._active.clear()
            self._positions = {}

    async def _next(self) -> list[Delivery]:
        with _translated():
            if not self._positions:
                self._positions = await self._committed()
            async with sql.read(self._engine) as session:
                rows = (await session.execute(self._beyond(self._positions).limit(BATCH))).all()
        if not self._active.is_set():
            return []
        deliveries = [_delivery(row) for row in rows]
        self._positions.update({delivery.record.topic: delivery.offset for delivery in deliveries})
        return deliveries

    async def _committed(self) -> dict[str, int]:
        mine = select(_positions.c.topic, _positions.c.offset).where(_positions.c.group_name == self._group)
        async with sql.read(self._engine) as session:
            stored = {row.topic: row.offset for row in await session.execute(mine)}
        return {topic: stored.get(topic, 0) for topic in self._topics}

    def _beyond(self, positions: dict[str, int]) -> Select[tuple[object, ...]]:
        unread = [
            and_(_records.c.topic == topic, _records.c.offset > offset) for topic, offset in positions.items()
        ]
        return select(_records).where(or_(*unread)).order_by(_records.c.offset)


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    record = Record(row.topic, row.key, row.version, row.body, row.hash)
    return Delivery(record=record, partition=0, offset=row.offset)


def _settle(stored: asyncio.Future[None], error: Exception | None) -> None:
    if stored.done():
        return
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise EventLogUnavailable("the embedded event log does not answer") from error
