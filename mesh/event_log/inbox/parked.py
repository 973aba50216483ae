"""The table of events that a consumer could not handle, beside its inbox in its own database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from mesh import sql
from mesh.event_log.port import Record
from mesh.sql.columns import EVENT_BODY, UtcTimeText
from services.kernel.clock import Clock

inbox_metadata = MetaData()
parked = Table(
    "parked",
    inbox_metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("consumer", String(100), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("key", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", String(100), nullable=False),
    Column("body", EVENT_BODY, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("park_time", UtcTimeText, nullable=False),
    UniqueConstraint("consumer", "topic", "key", "version"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that could not be handled; `position` grows in the order of parking."""

    position: int
    record: Record
    type: str
    reason: str
    park_time: datetime


class ParkedEvents:
    """What one consumer has parked; every method works within the caller's session."""

    def __init__(self, consumer: str, clock: Clock) -> None:
        self._consumer = consumer
        self._clock = clock

    async def add(self, session: sql.Session, record: Record, reason: str) -> None:
        """Park a record, once."""
        same = self._of(record.topic, record.key) & (parked.c.version == record.version)
        if (await session.execute(select(parked.c.id).where(same))).first() is not None:
            return
        row = {
            "consumer": self._consumer,
            "topic": record.topic,
            "key": record.key,
            "version": record.version,
            "type": type_of(record.body),
            "body": record.body,
            "hash": record.hash,
            "reason": reason,
            "park_time": self._clock(),
        }
        await session.execute(insert(parked).values(row))

    async def first(self, session: sql.Session, topic: str, key: str) -> Parked | None:
        """The lowest version of a key."""
        rows = select(parked).where(self._of(topic, key)).order_by(parked.c.version).limit(1)
        row = (await session.execute(rows)).one_or_none()
        return None if row is None else _to_parked(row)

    async def remove(self, session: sql.Session, event: Parked) -> None:
        await session.execute(delete(parked).where(parked.c.id == event.position))

    async def explain(self, session: sql.Session, event: Parked, reason: str) -> None:
        """Note why it failed this time."""
        await session.execute(update(parked).where(parked.c.id == event.position).values(reason=reason))

    async def page(self, session: sql.Session, *, after: int, limit: int) -> Sequence[Parked]:
        """What was parked behind a position, oldest first."""
        rows = select(parked).where(self._among(None), parked.c.id > after).order_by(parked.c.id).limit(limit)
        return [_to_parked(row) for row in await session.execute(rows)]

    async def keys(self, session: sql.Session, key: str | None) -> Sequence[tuple[str, str]]:
        """The (topic, key) pairs that something is parked of; with a key: its own only."""
        rows = select(parked.c.topic, parked.c.key).where(self._among(key)).distinct()
        return [(row.topic, row.key) for row in await session.execute(rows)]

    async def count(self, session: sql.Session, key: str | None) -> int:
        rows = select(func.count()).select_from(parked).where(self._among(key))
        return int(await session.scalar(rows))

    def _among(self, key: str | None) -> ColumnElement[bool]:
        mine = parked.c.consumer == self._consumer
        return mine if key is None else mine & (parked.c.key == key)

    def _of(self, topic: str, key: str) -> ColumnElement[bool]:
        return self._among(key) & (parked.c.topic == topic)


def _to_parked(row: Any) -> Parked:
    return Parked(
        position=row.id,
        record=Record(row.topic, row.key, row.version, row.body, row.hash),
        type=row.type,
        reason=row.reason,
        park_time=row.park_time,
    )


def type_of(body: bytes) -> str:
    """The event's short name, of a body that may be no event at all."""
    try:
        return str(json.loads(body)["type"])[:100]
    except (ValueError, KeyError, TypeError):
        return ""
