"""What comes together is handled in one transaction, and one by one where something is in the way."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import Record
from mesh.event_log.inbox.batches import TOGETHER
from mesh.event_log.inbox.inbox import INBOX_TABLES, RetryLater, SqlInbox
from mesh.event_log.inbox.inbox_rows import ConcurrentDelivery, InboxRows
from mesh.topology import ORDER_EVENTS
from services.kernel.envelope import Envelope
from tests.support.events import envelope, morning, record

metadata = MetaData()
effects = Table("effects", metadata, Column("key", String(50)), Column("version", Integer))
FEW_KEYS = ("order-1", "order-2")


class Killed(BaseException):
    """The process ends here."""


class Effects:
    """An effect that writes a row, and raises for the events of `raises`."""

    def __init__(self) -> None:
        self.raises: dict[tuple[str, int], BaseException] = {}
        self.sessions: set[int] = set()

    async def __call__(self, session: sql.Session, event: Envelope) -> None:
        self.sessions.add(id(session))
        await session.execute(insert(effects).values(key=event.key, version=event.version))
        if (event.key, event.version) in self.raises:
            raise self.raises[event.key, event.version]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata, *INBOX_TABLES)
    yield engine
    await engine.dispose()


@pytest.fixture
def inbox(engine: AsyncEngine) -> SqlInbox:
    return SqlInbox(engine, "mail", morning, retry_seconds=(0,))


@pytest.fixture
def effect() -> Effects:
    return Effects()


def event(key: str, version: int, kind: str = "OrderPlaced") -> Record:
    return record(ORDER_EVENTS, envelope(kind, key, version))


async def happened(engine: AsyncEngine) -> list[tuple[str, int]]:
    async with sql.read(engine) as session:
        return [(row.key, row.version) for row in await session.execute(select(effects))]


class Done:
    """How often effects were stored."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_events_of_several_keys_share_a_transaction(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    events, done = [event(key, version) for version in (1, 2, 3) for key in FEW_KEYS], Done()

    await inbox.deliver_all(events, effect, done=done)

    assert await happened(engine) == [(each.key, each.version) for each in events]
    assert (len(effect.sessions), done.count) == (1, 1)


async def test_events_of_some_kinds_share_no_transaction(engine: AsyncEngine, effect: Effects) -> None:
    inbox, done = SqlInbox(engine, "mail", morning, alone={"OrderShipped"}), Done()
    kinds = ("OrderPlaced", "OrderConfirmed", "OrderShipped", "OrderShipped", "OrderDelivered", "OrderClosed")
    events = [event("order-1", version, kind) for version, kind in enumerate(kinds, start=1)]

    await inbox.deliver_all(events, effect, done=done)

    assert await happened(engine) == [(each.key, each.version) for each in events]
    assert done.count == len(("the two before", "one", "the other", "the two behind"))


async def test_what_was_handled_before_is_dropped(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    await inbox.deliver_all([event("order-1", 1)], effect, done=Done())

    await inbox.deliver_all([event("order-1", version) for version in (1, 2, 1, 2, 3)], effect, done=Done())

    assert await happened(engine) == [("order-1", 1), ("order-1", 2), ("order-1", 3)]


async def test_one_bad_event_is_parked_and_the_others_are_handled(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.raises = {("order-1", 1): LookupError("MUG-RED is unknown")}

    await inbox.deliver_all(
        [event(key, version) for version in (1, 2) for key in FEW_KEYS], effect, done=Done()
    )

    assert await happened(engine) == [("order-2", 1), ("order-2", 2)]
    assert [(each.record.key, each.record.version) for each in await inbox.parked()] == [
        ("order-1", 1),
        ("order-1", 2),
    ]


async def test_an_event_that_has_to_wait_keeps_back_only_what_follows_it(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.raises = {("order-2", 1): RetryLater("inventory is away")}
    events = [event("order-1", 1), event("order-2", 1), event("order-1", 2)]

    with pytest.raises(RetryLater):
        await inbox.deliver_all(events, effect, done=Done())

    assert await happened(engine) == [("order-1", 1)]
    effect.raises = {}
    await inbox.deliver_all(events, effect, done=Done())
    assert await happened(engine) == [("order-1", 1), ("order-2", 1), ("order-1", 2)]


async def test_a_process_that_ends_in_the_middle_leaves_nothing_of_them(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    events = [event("order-1", version) for version in (1, 2, 3)]
    effect.raises = {("order-1", 2): Killed()}

    with pytest.raises(Killed):
        await inbox.deliver_all(events, effect, done=Done())

    assert await happened(engine) == []
    effect.raises = {}
    await inbox.deliver_all(events, effect, done=Done())
    assert await happened(engine) == [("order-1", 1), ("order-1", 2), ("order-1", 3)]


async def test_a_gap_parks_what_is_behind_it_until_it_is_filled(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    await inbox.deliver_all([event("order-1", 1), event("order-1", 3)], effect, done=Done())
    assert [each.record.version for each in await inbox.parked()] == [3]

    await inbox.deliver_all([event("order-1", 2), event("order-2", 1)], effect, done=Done())

    assert sorted(await happened(engine)) == [
        ("order-1", 1),
        ("order-1", 2),
        ("order-1", 3),
        ("order-2", 1),
    ]


async def test_two_workers_with_the_same_events_have_one_effect_of_each(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    events = [event(key, version) for version in (1, 2) for key in FEW_KEYS]

    async def work() -> None:
        # As a consumer does: who lost a race takes the events again.
        while True:
            try:
                return await inbox.deliver_all(events, effect, done=Done())
            except (RetryLater, OperationalError):
                await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(8)))

    assert sorted(await happened(engine)) == sorted((each.key, each.version) for each in events)


async def test_a_long_batch_goes_in_several_transactions(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    done = Done()

    await inbox.deliver_all(
        [event(f"order-{number}", 1) for number in range(TOGETHER + 2)], effect, done=done
    )

    assert done.count == 2
    assert len(await happened(engine)) == TOGETHER + 2


async def test_who_was_overtaken_stores_nothing(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    await inbox.deliver_all([event("order-1", version) for version in (1, 2, 3)], effect, done=Done())
    rows, key = InboxRows("mail"), (ORDER_EVENTS, "order-1")

    with pytest.raises(ConcurrentDelivery):
        async with sql.write(engine) as session:
            await rows.advance(session, {key: (2, 4)})

    async with sql.read(engine) as session:
        assert (await rows.progress(session, [key]))[key].last == 3
