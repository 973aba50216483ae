"""The tables of the event store in SQLite, and how commits stand in them."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BindParameter,
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
    bindparam,
    select,
)

from mesh.sql import Prepared
from mesh.sql.sqlite_writer import Statement
from services.order.adapters.event_store.closing import closed_together
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
JOINED = (
    select(*_COLUMNS)
    .join_from(
        COMMITS,
        EVENTS,
        and_(EVENTS.c.order_id == COMMITS.c.order_id, EVENTS.c.commit_version == COMMITS.c.version),
    )
    .order_by(COMMITS.c.order_id, EVENTS.c.version)
)

# Statements of the driver, with plain tuples.
INSERT_COMMIT = """
    INSERT INTO commits (order_id, version, customer_id, commit_time, unpublished, open)
    VALUES (?, ?, ?, ?, ?, ?)
"""
INSERT_EVENT = "INSERT INTO events (order_id, version, commit_version, body, hash) VALUES (?, ?, ?, ?, ?)"
UNPUBLISHED = """
    SELECT page.order_id, page.version, customer_id, commit_time, open, events.version, body, hash
    FROM (
        SELECT order_id, version, customer_id, commit_time, open FROM commits
        WHERE unpublished AND (order_id, version) > (?, ?) ORDER BY order_id, version LIMIT ?
    ) AS page
    JOIN events ON events.order_id = page.order_id AND commit_version = page.version
    ORDER BY page.order_id, events.version
"""
# SQLite would rather read all commits there are, in the order of the groups.
OPEN_ORDERS = """
    SELECT order_id, min(commit_time) AS since FROM commits INDEXED BY commits_open
    WHERE open GROUP BY order_id HAVING (since, order_id) > (?, ?) ORDER BY since, order_id LIMIT ?
"""
ANY_UNPUBLISHED = "SELECT 1 FROM commits WHERE unpublished LIMIT 1"
PUBLISH = "UPDATE commits SET unpublished = 0 WHERE order_id = ? AND version = ?"
_MARK_CLOSED = "UPDATE commits SET open = 0 WHERE order_id = ? AND version <= ? AND open"
# The cast: SQLite keeps what it is given, and an edit by hand may leave a text.
BODIES = """
    SELECT order_id, CAST(body AS BLOB) FROM events WHERE order_id > ? ORDER BY order_id, version LIMIT ?
"""


@cache
def of_orders(count: int) -> Prepared:
    """The rows of so many orders: `order0`, `order1` and so on."""
    wanted: list[BindParameter[str]] = [bindparam(f"order{number}") for number in range(count)]
    return Prepared(JOINED.where(COMMITS.c.order_id.in_(wanted)))


def streams_of(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Stream]:
    """The streams that rows of `JOINED` make."""
    by_order = groupby(rows, key=lambda row: str(row.order_id))
    return [Stream(order_id, tuple(_commits_of(each))) for order_id, each in by_order]


def unpublished_of(rows: Iterable[tuple[Any, ...]]) -> list[Commit]:
    """The commits that rows of `UNPUBLISHED` make."""
    return [
        Commit(
            order_id=order_id,
            customer_id=customer_id,
            commit_time=time_of(commit_time),
            events=tuple(StoredEvent(version, _bytes(body), digest) for *_, version, body, digest in each),
            open=bool(is_open),
            published=False,
        )
        for (order_id, _, customer_id, commit_time, is_open), each in groupby(rows, key=itemgetter(slice(5)))
    ]


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


def insertion(commits: Sequence[Commit], *, unpublished: bool) -> list[Statement]:
    """Stores commits, and closes the orders whose commits are not open."""
    kept, closed = closed_together(commits)
    return [
        (INSERT_COMMIT, [commit_row(commit, unpublished=unpublished) for commit in kept]),
        (INSERT_EVENT, [row for commit in commits for row in event_rows(commit)]),
        *([(_MARK_CLOSED, list(closed.items()))] if closed else []),
    ]


def commit_row(commit: Commit, *, unpublished: bool) -> tuple[object, ...]:
    """What `INSERT_COMMIT` takes."""
    return (
        *(commit.order_id, commit.version, commit.customer_id, time_text(commit.commit_time)),
        *(unpublished, commit.open),
    )


def event_rows(commit: Commit) -> list[tuple[object, ...]]:
    """What `INSERT_EVENT` takes."""
    return [
        (commit.order_id, event.version, commit.version, event.body, event.hash) for event in commit.events
    ]
