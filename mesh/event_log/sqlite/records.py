"""The tables of the embedded event log, and how its records are read in order."""

import sqlite3
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any

from prometheus_client import Counter
from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.event_log.port import Delivery, EventLogUnavailable, Record
from mesh.sql.sqlite_transactions import read_with_driver

BATCH = 200

READS = Counter("shopmesh_event_log_reads", "Looks into the embedded event log for new records.")

metadata = MetaData()
# AUTOINCREMENT under one writer at a time: offsets appear in order, so none is skipped by a reader.
records = Table(
    "records",
    metadata,
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
# Statements of the driver, with plain tuples.
APPEND = "INSERT INTO records (topic, key, version, body, hash, append_time) VALUES (?, ?, ?, ?, ?, ?)"
_BEYOND = """
    SELECT offset, topic, key, version, body, hash, append_time FROM records
    WHERE topic = ? AND offset > ? ORDER BY offset LIMIT ?
"""
_LAST = "SELECT coalesce(max(offset), 0) FROM records"


def ends_of(topics: Sequence[str]) -> str:
    """A question after the last offset of each topic, which are its parameters."""
    last = "(SELECT max(offset) FROM records WHERE topic = ?)"
    return f"SELECT {', '.join(last for _ in topics)}"


def beyond(driver: sqlite3.Connection, read: Mapping[str, int], *, most: int = BATCH) -> Sequence[Delivery]:
    """The records behind what was read of each topic, in order, as many at most."""
    READS.inc()
    # Topic by topic: over several at once SQLite would sort all that is unread.
    found = [_delivery(row) for place in read.items() for row in driver.execute(_BEYOND, (*place, most))]
    return sorted(found, key=attrgetter("offset"))[:most]


def oldest_time(driver: sqlite3.Connection, read: Mapping[str, int]) -> float | None:
    """When the first record behind what was read was appended; None: there is none."""
    first = [row for place in read.items() for row in driver.execute(_BEYOND, (*place, 1))]
    return min((row[_TIME] for row in first), default=None)


async def replay(engine: AsyncEngine, topic: str) -> AsyncGenerator[Delivery, None]:
    """As `EventLog.replay`."""
    with translated():
        last = await read_with_driver(engine, lambda driver: driver.execute(_LAST).fetchone()[0])
    read = 0
    while True:
        with translated():
            deliveries = await read_with_driver(engine, partial(beyond, read={topic: read}))
        for delivery in deliveries:
            if delivery.offset > last:
                return
            yield delivery
            read = delivery.offset
        if not deliveries:
            return


@contextmanager
def translated() -> Iterator[None]:
    """What the database says, in the words of the port."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise EventLogUnavailable("the embedded event log does not answer") from error


_OFFSET, _TOPIC, _KEY, _VERSION, _BODY, _HASH, _TIME = range(7)


def _delivery(row: Sequence[Any]) -> Delivery:
    record = Record(row[_TOPIC], row[_KEY], row[_VERSION], row[_BODY], row[_HASH])
    return Delivery(record, partition=0, offset=row[_OFFSET])
