"""The event store in a SQLite file, shared by the workers of one machine.

Bodies are inserted and never updated. The markers `unpublished` and `open` stand
beside them, with partial indexes: finding work costs what there is to do, not
what was ever stored.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Update,
    and_,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.consistency import note_write
from services.order.application.ports import (
    Commit,
    OpenOrder,
    Position,
    Selection,
    StoredEvent,
    Stream,
    VersionTaken,
)

metadata = MetaData()
_commits = Table(
    "commits",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("customer_id", String(64), nullable=False),
    Column("commit_time", String(32), nullable=False),
    Column("unpublished", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
)
_events = Table(
    "events",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("commit_version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", String(64), nullable=False),
    ForeignKeyConstraint(["order_id", "commit_version"], ["commits.order_id", "commits.version"]),
)
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_is_first = _commits.c.version == 1
Index("commits_unpublished", _commits.c.order_id, _commits.c.version, sqlite_where=_commits.c.unpublished)
Index("commits_open", _commits.c.commit_time, _commits.c.order_id, sqlite_where=_commits.c.open)
Index("orders_newest", _commits.c.commit_time, _commits.c.order_id, sqlite_where=_is_first)
Index(
    "orders_of_customer",
    _commits.c.customer_id,
    _commits.c.commit_time,
    _commits.c.order_id,
    sqlite_where=_is_first,
)

_COLUMNS = (*_commits.c, _events.c.version.label("event_version"), _events.c.body, _events.c.hash)
_JOINED = select(*_COLUMNS).join_from(
    _commits,
    _events,
    and_(_events.c.order_id == _commits.c.order_id, _events.c.commit_version == _commits.c.version),
)
_IN_ORDER = (_commits.c.order_id, _events.c.version)


class SqliteEventStore:
    """Streams of orders in two tables; one append is one transaction."""

    def __init__(self, engine: AsyncEngine, *, changes: sql.SqliteChanges) -> None:
        self._engine = engine
        self._changes = changes

    async def append(self, commit: Commit) -> None:
        try:
            async with sql.write(self._engine) as session:
                await session.execute(insert(_commits), [_commit_row(commit)])
                await session.execute(insert(_events), _event_rows(commit))
                if not commit.open:
                    await session.execute(_settled(commit.order_id, commit.version))
        except IntegrityError:
            raise VersionTaken(f"order {commit.order_id} has version {commit.version}") from None
        self._changes.notify()
        note_write("order", f"{commit.order_id}:{commit.last_version}")

    async def read(self, order_id: str) -> Stream | None:
        streams = await self._streams(_JOINED.where(_commits.c.order_id == order_id))
        return streams[0] if streams else None

    async def newest(self, selection: Selection, *, after: Position | None, limit: int) -> Sequence[Stream]:
        newest = (_commits.c.commit_time.desc(), _commits.c.order_id)
        page = select(_commits.c.order_id).where(_is_first, _selected(selection), _behind(after))
        async with sql.read(self._engine) as session:
            order_ids = (await session.scalars(page.order_by(*newest).limit(limit))).all()
        streams = await self._streams(_JOINED.where(_commits.c.order_id.in_(order_ids)))
        by_id = {stream.order_id: stream for stream in streams}
        return [by_id[order_id] for order_id in order_ids]

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        place = tuple_(_commits.c.order_id, _commits.c.version)
        beyond = true() if after is None else place > tuple_(*after)
        page = (
            select(_commits.c.order_id, _commits.c.version)
            .where(_commits.c.unpublished, beyond)
            .order_by(_commits.c.order_id, _commits.c.version)
            .limit(limit)
            .subquery()
        )
        mine = and_(page.c.order_id == _commits.c.order_id, page.c.version == _commits.c.version)
        streams = await self._streams(_JOINED.join(page, mine))
        return [commit for stream in streams for commit in stream.commits]

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        if not commits:
            return
        published = [(commit.order_id, commit.version) for commit in commits]
        these = tuple_(_commits.c.order_id, _commits.c.version).in_(published)
        async with sql.write(self._engine) as session:
            await session.execute(update(_commits).where(these).values(unpublished=False))

    async def open_orders(self, *, after: OpenOrder | None, limit: int) -> Sequence[OpenOrder]:
        since = func.min(_commits.c.commit_time)
        longest_first = (
            select(_commits.c.order_id, since.label("since"))
            .where(_commits.c.open)
            .group_by(_commits.c.order_id)
            .order_by(since, _commits.c.order_id)
            .limit(limit)
        )
        if after is not None:
            behind = tuple_(since, _commits.c.order_id) > tuple_(_text(after.open_time), after.order_id)
            longest_first = longest_first.having(behind)
        async with sql.read(self._engine) as session:
            rows = (await session.execute(longest_first)).all()
        return [OpenOrder(row.order_id, _time(row.since)) for row in rows]

    async def settle(self, order_id: str, version: int) -> None:
        async with sql.write(self._engine) as session:
            await session.execute(_settled(order_id, version))

    async def is_reachable(self) -> bool:
        try:
            return await sql.is_reachable(self._engine)
        except DBAPIError:
            return False

    async def _streams(self, query: Select[tuple[object, ...]]) -> list[Stream]:
        async with sql.read(self._engine) as session:
            rows = (await session.execute(query.order_by(*_IN_ORDER))).all()
        by_order = groupby(rows, key=lambda row: str(row.order_id))
        return [Stream(order_id, tuple(_commits_of(each))) for order_id, each in by_order]


def _settled(order_id: str, version: int) -> Update:
    mine = and_(_commits.c.order_id == order_id, _commits.c.version <= version, _commits.c.open)
    return update(_commits).where(mine).values(open=False)


def _commits_of(rows: Iterable[Row[tuple[object, ...]]]) -> Iterable[Commit]:
    for _, each in groupby(rows, key=lambda row: int(row.version)):
        yield _commit(list(each))


def _commit(rows: Sequence[Row[tuple[object, ...]]]) -> Commit:
    first = rows[0]
    return Commit(
        order_id=first.order_id,
        customer_id=first.customer_id,
        commit_time=_time(first.commit_time),
        events=tuple(StoredEvent(row.event_version, _bytes(row.body), row.hash) for row in rows),
        open=first.open,
    )


def _bytes(body: bytes | str) -> bytes:
    # SQLite keeps what it is given: an edit by hand may leave a text, which verify has to find.
    return body if isinstance(body, bytes) else body.encode()


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _NO_TIME


def _commit_row(commit: Commit) -> dict[str, object]:
    return {
        "order_id": commit.order_id,
        "version": commit.version,
        "customer_id": commit.customer_id,
        "commit_time": _text(commit.commit_time),
        "unpublished": True,
        "open": commit.open,
    }


def _event_rows(commit: Commit) -> list[dict[str, object]]:
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


def _selected(selection: Selection) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if selection.customer_id is not None:
        conditions.append(_commits.c.customer_id == selection.customer_id)
    if selection.min_place_time is not None:
        conditions.append(_commits.c.commit_time >= _text(selection.min_place_time))
    if selection.max_place_time is not None:
        conditions.append(_commits.c.commit_time < _text(selection.max_place_time))
    return and_(true(), *conditions)


def _behind(after: Position | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    time = _text(after.place_time)
    same_time = and_(_commits.c.commit_time == time, _commits.c.order_id > after.order_id)
    return or_(_commits.c.commit_time < time, same_time)


def _text(time: datetime) -> str:
    """A fixed width, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
