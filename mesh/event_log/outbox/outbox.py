"""The outbox: events written in the transaction of the change that they report, and published afterwards."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.lease import LEASE_SECONDS, SqlLease, lease_metadata
from mesh.event_log.port import EventLog, Record
from mesh.server import failpoints
from mesh.sql.columns import EVENT_BODY, UtcTimeText
from mesh.sql.row_changes import work_in
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope, hash_of
from services.kernel.ids import NewId

BATCH = 199
"""MariaDB keeps a good plan for lists under 200 keys."""
_LEASE = "outbox"
_NEVER = datetime.min.replace(tzinfo=UTC)

outbox_metadata = MetaData()
_streams = Table(
    "outbox_streams",
    outbox_metadata,
    Column("topic", String(100), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("occur_time", UtcTimeText, nullable=False),
)
_outbox = Table(
    "outbox",
    outbox_metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("topic", String(100), nullable=False),
    Column("key", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", EVENT_BODY, nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("topic", "key", "version"),
    sqlite_autoincrement=True,
)
OUTBOX_TABLES = (outbox_metadata, lease_metadata)
"""What a service with an outbox creates: `create_tables(engine, own_metadata, *OUTBOX_TABLES)`."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as its cause knows it; version, time, id and chain are the outbox's.

    Attributes:
        type: Short name of the payload's message, for example `UserErased`.
        key: What it is about.
        payload: Its own fields, ready for JSON.
        actor: Who caused it.
        correlation: The flow that it belongs to.
        causation: The command or event that caused it.
        trace: W3C `traceparent` of the call.
        schema_version: Of the payload.
    """

    type: str
    key: str
    payload: Mapping[str, Any]
    actor: str
    correlation: str
    causation: str
    trace: str
    schema_version: int = 1


async def enqueue(
    session: sql.Session, topic: str, event: NewEvent, *, clock: Clock, new_id: NewId
) -> Record:
    """Add the next event of a key's stream, within the transaction that changes the state.

    Args:
        session: An open `mesh.sql.write` transaction.
        topic: Where it will be published.
        event: The event.
        clock: The time; within a stream it never goes back.
        new_id: Makes the event's id.
    """
    head = await _head(session, topic, event.key)
    envelope = Envelope(
        event_id=new_id(),
        type=event.type,
        schema_version=event.schema_version,
        key=event.key,
        version=head.version + 1,
        occur_time=max(clock(), head.occur_time),
        actor=event.actor,
        correlation=event.correlation,
        causation=event.causation,
        trace=event.trace,
        payload=event.payload,
        prev_hash=head.hash,
    )
    body = envelope.body()
    record = Record(topic, envelope.key, envelope.version, body, hash_of(body))
    await _append(session, record, envelope.occur_time)
    return record


_IS_OF_STREAM = (_streams.c.topic == bindparam("of_topic")) & (_streams.c.key == bindparam("of_key"))
_HEAD = sql.Prepared(select(_streams).where(_IS_OF_STREAM).with_for_update())
_ADVANCE = sql.Prepared(update(_streams).where(_IS_OF_STREAM), ("version", "hash", "occur_time"))
_ENQUEUE = sql.Prepared(insert(_outbox), ("topic", "key", "version", "body", "hash"))
_OLDEST = sql.Prepared(select(_outbox).order_by(_outbox.c.id).limit(BATCH))


class OutboxRelay:
    """Publishes what is in the outbox, in version order per key.

    Workers take turns by a lease; should two overlap, they may publish an event twice, never out of order.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        log: EventLog,
        *,
        holder: str | None = None,
        retry_seconds: float = 0.5,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._engine = engine
        self._log = log
        self._changes = work_in(engine, "SELECT 1 FROM outbox LIMIT 1")
        self._lease = SqlLease(engine, name=_LEASE, holder=holder or uuid.uuid4().hex, seconds=lease_seconds)
        self._retry_seconds = retry_seconds

    async def run(self) -> None:
        """Publish for ever; what cannot be published now is tried again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._changes.run())
                tasks.create_task(self._relay())
        finally:
            # Should the database be away: it runs out by itself.
            with suppress(DBAPIError):
                await self._lease.release()

    async def _relay(self) -> None:
        while True:
            seen = self._changes.count
            try:
                left = await self._turn()
            except DBAPIError as error:
                _log.warning("outbox_unavailable", error=type(error.orig).__name__)
                left = 1
            if left:
                await asyncio.sleep(self._retry_seconds)
            else:
                await self._changes.wait_for_change(seen)

    async def _turn(self) -> int:
        """Publish what waits; how many events have to wait on."""
        while batch := await self._waiting():
            if not await self._lease.hold():
                return len(batch)
            if left := await self._publish(batch):
                return left
        return 0

    async def _waiting(self) -> Sequence[tuple[int, Record]]:
        async with sql.read_one(self._engine) as session:
            rows = (await session.execute(_OLDEST)).all()
        return [(row.id, Record(row.topic, row.key, row.version, row.body, row.hash)) for row in rows]

    async def _publish(self, batch: Sequence[tuple[int, Record]]) -> int:
        by_key = [list(group) for _, group in groupby(sorted(batch, key=_stream_order), key=_stream)]
        published = await asyncio.gather(*map(self._publish_stream, by_key))
        done = [row_id for ids in published for row_id in ids]
        await self._forget(done)
        return len(batch) - len(done)

    async def _publish_stream(self, stream: Sequence[tuple[int, Record]]) -> Sequence[int]:
        records = [record for _, record in stream]
        stored = await self._log.publish_all(records)
        if stored < len(records):
            # The rest of this key waits: a version that went ahead would leave a hole for ever.
            blocked = records[stored]
            _log.warning("publish_failed", topic=blocked.topic, key=blocked.key, version=blocked.version)
        if stored:
            failpoints.reached("event_published")
        return [row_id for row_id, _ in stream[:stored]]

    async def _forget(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        async with sql.write(self._engine) as session:
            await session.execute(delete(_outbox).where(_outbox.c.id.in_(ids)))


async def _head(session: sql.Session, topic: str, key: str) -> Any:
    """The stream's last event, locked until the transaction ends; version 0 before the first."""
    stream = {"of_topic": topic, "of_key": key}
    if (head := (await session.execute(_HEAD, stream)).one_or_none()) is not None:
        return head
    await session.execute(_beginning(session.dialect.name, topic, key))
    return (await session.execute(_HEAD, stream)).one()


def _beginning(dialect: str, topic: str, key: str) -> Insert:
    """Make a stream's row. Of several writers one does; the others wait for it, each with the row's lock."""
    row = {"topic": topic, "key": key, "version": 0, "hash": "", "occur_time": _NEVER}
    if dialect == "sqlite":
        return sqlite.insert(_streams).values(row).on_conflict_do_nothing()
    return mysql.insert(_streams).values(row).on_duplicate_key_update(version=_streams.c.version)


async def _append(session: sql.Session, record: Record, occur_time: datetime) -> None:
    event = {"version": record.version, "hash": record.hash}
    head = {"of_topic": record.topic, "of_key": record.key, "occur_time": occur_time, **event}
    await session.execute(_ADVANCE, head)
    place = {"topic": record.topic, "key": record.key}
    await session.execute(_ENQUEUE, {**place, "body": record.body, **event})


def _stream(row: tuple[int, Record]) -> tuple[str, str]:
    return row[1].topic, row[1].key


def _stream_order(row: tuple[int, Record]) -> tuple[str, str, int]:
    return row[1].topic, row[1].key, row[1].version
