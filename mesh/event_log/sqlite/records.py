"""The tables of the embedded event log, and how its records are read in order."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client import Counter
from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.event_log.port import Delivery, EventLogUnavailable, Record

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
positions = Table(
    "positions",
    metadata,
    Column("group_name", String(100), primary_key=True),
    Column("topic", String(100), primary_key=True),
    Column("offset", Integer, nullable=False),
)


def beyond(read: Mapping[str, int]) -> Select[tuple[object, ...]]:
    """The records behind what was read of each topic, in order."""
    unread = [and_(records.c.topic == topic, records.c.offset > offset) for topic, offset in read.items()]
    return select(records).where(or_(*unread)).order_by(records.c.offset)


def ends_of(topics: Sequence[str]) -> str:
    """A question after the last offset of each topic, which are its parameters."""
    last = "(SELECT max(offset) FROM records WHERE topic = ?)"
    return f"SELECT {', '.join(last for _ in topics)}"


async def read_beyond(engine: AsyncEngine, read: Mapping[str, int]) -> Sequence[Delivery]:
    """The next records, some hundred at most.

    Raises:
        EventLogUnavailable: The database does not answer.
    """
    READS.inc()
    with translated():
        async with sql.read(engine) as session:
            rows = (await session.execute(beyond(read).limit(BATCH))).all()
    return [
        Delivery(Record(row.topic, row.key, row.version, row.body, row.hash), partition=0, offset=row.offset)
        for row in rows
    ]


async def replay(engine: AsyncEngine, topic: str) -> AsyncGenerator[Delivery, None]:
    """As `EventLog.replay`."""
    with translated():
        async with sql.read(engine) as session:
            last = (await session.execute(select(func.max(records.c.offset)))).scalar() or 0
    read = 0
    while deliveries := await read_beyond(engine, {topic: read}):
        for delivery in deliveries:
            if delivery.offset > last:
                return
            yield delivery
            read = delivery.offset


async def follow(
    engine: AsyncEngine, changes: ChangeNotifier, topics: Sequence[str]
) -> AsyncGenerator[Delivery, None]:
    """As `EventLog.follow`."""
    read = dict.fromkeys(topics, 0)
    while True:
        seen = changes.count
        while deliveries := await read_beyond(engine, read):
            for delivery in deliveries:
                yield delivery
                read[delivery.record.topic] = delivery.offset
        await changes.wait_for_change(seen)


@contextmanager
def translated() -> Iterator[None]:
    """What the database says, in the words of the port."""
    try:
        yield
    except DBAPIError as error:
        raise EventLogUnavailable("the embedded event log does not answer") from error
