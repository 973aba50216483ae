"""The table of the inbox: by consumer and key, the last version that was handled or parked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from mesh import sql
from mesh.event_log.inbox.parked import inbox_metadata, parked
from mesh.sql.rows import changed_rows

Key = tuple[str, str]
"""A topic, and a key within it."""

_inbox = Table(
    "inbox",
    inbox_metadata,
    Column("consumer", String(100), primary_key=True),
    Column("topic", String(100), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("version", Integer, nullable=False),
)


class ConcurrentDelivery(Exception):
    """Another process handled the same event at the same time; look again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a key is.

    Attributes:
        last: The last version that was handled or parked; 0: none.
        first_parked: The first one that is parked; None: none is.
    """

    last: int = 0
    first_parked: int | None = None


class InboxRows:
    """The inbox of one consumer; every method works within the caller's session."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def take_turns(self, session: sql.Session, keys: Collection[Key]) -> None:
        """From here on nobody else handles, parks or redrives events of these keys."""
        await sql.lock(session, _turns_of(len(keys)), self._places(keys))

    async def progress(self, session: sql.Session, keys: Collection[Key]) -> Mapping[Key, Progress]:
        """How far keys are."""
        rows = await session.execute(_progress_of(len(keys)), self._places(keys))
        last: dict[Key, int] = {}
        first_parked: dict[Key, int] = {}
        for topic, key, version, is_parked in rows:
            (first_parked if is_parked else last)[topic, key] = version
        return {key: Progress(last.get(key, 0), first_parked.get(key)) for key in keys}

    async def advance(self, session: sql.Session, moves: Mapping[Key, tuple[int, int]]) -> None:
        """Note the last versions of keys: from the one before to the one that it is now.

        Raises:
            IntegrityError: Another process was the first to have an event of a key.
            ConcurrentDelivery: Another process has handled an event of a key at the same time.
        """
        places = {
            key: {"of_consumer": self._consumer, "of_topic": key[0], "of_key": key[1], "to_version": version}
            for key, (_, version) in moves.items()
        }
        first = [place for key, place in places.items() if not moves[key][0]]
        later = [{**place, "from_version": moves[key][0]} for key, place in places.items() if moves[key][0]]
        if first:
            await session.execute(_BEGIN, first)
        if later and await changed_rows(session, _ADVANCE, later) != len(later):
            raise ConcurrentDelivery("an event was handled by another process")

    def _places(self, keys: Collection[Key]) -> Mapping[str, str]:
        """The parameters of `_among`."""
        places = {"consumer": self._consumer}
        for number, (topic, key) in enumerate(keys):
            places |= {f"topic{number}": topic, f"key{number}": key}
        return places


def _among(table: Table, count: int) -> ColumnElement[bool]:
    topics = [bindparam(f"topic{each}", type_=String) for each in range(count)]
    keys = [bindparam(f"key{each}", type_=String) for each in range(count)]
    return and_(
        table.c.consumer == bindparam("consumer"),
        # By pairs alone neither database looks into the index, but reads all that the consumer ever had.
        table.c.topic.in_(topics),
        table.c.key.in_(keys),
        tuple_(table.c.topic, table.c.key).in_([tuple_(*pair) for pair in zip(topics, keys, strict=True)]),
    )


@cache
def _turns_of(count: int) -> sql.Prepared:
    """The rows of so many keys in one order: who wants the same keys must not wait for one another."""
    mine = select(_inbox.c.version).where(_among(_inbox, count))
    return sql.Prepared(mine.order_by(_inbox.c.topic, _inbox.c.key).with_for_update())


@cache
def _progress_of(count: int) -> sql.Prepared:
    """The question how far so many keys are."""
    handled = select(_inbox.c.topic, _inbox.c.key, _inbox.c.version, literal(0).label("is_parked"))
    waiting = select(parked.c.topic, parked.c.key, func.min(parked.c.version), literal(1))
    first_waiting = waiting.where(_among(parked, count)).group_by(parked.c.topic, parked.c.key)
    return sql.Prepared(union_all(handled.where(_among(_inbox, count)), first_waiting))


_BEGIN = sql.Prepared(
    insert(_inbox).values(
        consumer=bindparam("of_consumer"),
        topic=bindparam("of_topic"),
        key=bindparam("of_key"),
        version=bindparam("to_version"),
    )
)
_ADVANCE = sql.Prepared(
    update(_inbox)
    .where(
        _inbox.c.consumer == bindparam("of_consumer"),
        _inbox.c.topic == bindparam("of_topic"),
        _inbox.c.key == bindparam("of_key"),
        # Where there was no row to lock, another process may have been faster.
        _inbox.c.version == bindparam("from_version"),
    )
    .values(version=bindparam("to_version"))
)
