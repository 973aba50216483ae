"""The tables of the event store in SQLite, and how commits stand in them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    and_,
    select,
)

from services.order.adapters.times import time_of, time_text
from services.order.application.ports import Commit, StoredEvent, Stream

metadata = MetaData()
COMMITS = Table(
    "commits",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("customer_id", String(64), nullable=False),
    Column("commit_time", String(32), nullable=False),
    Column("unpublished", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
)
EVENTS = Table(
    "events",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("commit_version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    ForeignKeyConstraint(["order_id", "commit_version"], ["commits.order_id", "commits.version"]),
)
IS_FIRST = COMMITS.c.version == 1
Index("commits_unpublished", COMMITS.c.order_id, COMMITS.c.version, sqlite_where=COMMITS.c.unpublished)
Index("commits_open", COMMITS.c.commit_time, COMMITS.c.order_id, sqlite_where=COMMITS.c.open)
Index("orders_newest", COMMITS.c.commit_time, COMMITS.c.order_id, sqlite_where=IS_FIRST)
Index(
    "orders_of_customer",
    COMMITS.c.customer_id,
    COMMITS.c.commit_time,
    COMMITS.c.order_id,
    sqlite_where=IS_FIRST,
)

_COLUMNS = (*COMMITS.c, EVENTS.c.version.label("event_version"), EVENTS.c.body, EVENTS.c.hash)
JOINED = select(*_COLUMNS).join_from(
    COMMITS,
    EVENTS,
    and_(EVENTS.c.order_id == COMMITS.c.order_id, EVENTS.c.commit_version == COMMITS.c.version),
)
IN_ORDER = (COMMITS.c.order_id, EVENTS.c.version)

BODIES = "SELECT order_id, body FROM events WHERE order_id > ? ORDER BY order_id, version LIMIT ?"


def streams_of(rows: Iterable[Row[tuple[object, ...]]]) -> list[Stream]:
    """The streams that rows of `JOINED`, in the order of `IN_ORDER`, make."""
    by_order = groupby(rows, key=lambda row: str(row.order_id))
    return [Stream(order_id, tuple(_commits_of(each))) for order_id, each in by_order]


def _commits_of(rows: Iterable[Row[tuple[object, ...]]]) -> Iterable[Commit]:
    for _, each in groupby(rows, key=lambda row: int(row.version)):
        yield _commit(list(each))


def _commit(rows: Sequence[Row[tuple[object, ...]]]) -> Commit:
    first = rows[0]
    return Commit(
        order_id=first.order_id,
        customer_id=first.customer_id,
        commit_time=time_of(first.commit_time),
        events=tuple(StoredEvent(row.event_version, _bytes(row.body), row.hash) for row in rows),
        open=first.open,
        published=not first.unpublished,
    )


def _bytes(body: bytes | str) -> bytes:
    # SQLite keeps what it is given: an edit by hand may leave a text, which verify has to find.
    return body if isinstance(body, bytes) else body.encode()


def commit_row(commit: Commit, *, unpublished: bool) -> dict[str, object]:
    return {
        "order_id": commit.order_id,
        "version": commit.version,
        "customer_id": commit.customer_id,
        "commit_time": time_text(commit.commit_time),
        "unpublished": unpublished,
        "open": commit.open,
    }


def event_rows(commit: Commit) -> list[dict[str, object]]:
    return [
        {
            "order_id": commit.order_id,
            "version": event.version,
            "commit_version": commit.version,
            "body": event.body,
            "hash": event.hash,
        }
        for event in commit.events
    ]
