"""Outbox, relay, log, inbox and consumer together: what is committed arrives, once and in order."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import Delivery, EventLog, EventLogUnavailable, Record, Subscription
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import INBOX_TABLES, SqlInbox
from mesh.event_log.outbox.outbox import OUTBOX_TABLES, NewEvent, OutboxRelay, enqueue
from mesh.server import failpoints
from mesh.topology import USER_EVENTS
from services.kernel.envelope import Envelope, hash_of
from tests.support.event_logs import Open, open_own_kafka, open_sqlite, own_topics
from tests.support.events import DEADLINE_SECONDS, MORNING, eventually, morning, running

metadata = MetaData()
effects = Table("effects", metadata, Column("key", String(50)), Column("version", Integer))
new_id = map("event-{}".format, itertools.count()).__next__


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata, *OUTBOX_TABLES, *INBOX_TABLES)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["sqlite", "kafka"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "sqlite":
        return open_sqlite(tmp_path)
    return open_own_kafka(request.getfixturevalue("kafka").url, own_topics())


@pytest.fixture
async def log(open_log: Open) -> AsyncIterator[EventLog]:
    async with open_log() as log:
        yield log


async def write_event(session: sql.Session, user: str, *, now: datetime = MORNING) -> Record:
    event = NewEvent(
        type="MailRequested",
        key=user,
        payload={"userId": user},
        actor=f"customer:{user}",
        correlation="a request",
        causation="a command",
        trace="",
    )
    return await enqueue(session, USER_EVENTS, event, clock=lambda: now, new_id=new_id)


async def commit_event(engine: AsyncEngine, user: str, *, now: datetime = MORNING) -> Record:
    async with sql.write(engine) as session:
        return await write_event(session, user, now=now)


async def taken(log: EventLog, count: int, group: str = "test") -> list[Record]:
    records: list[Record] = []
    async with log.consume(group, [USER_EVENTS]) as subscription, asyncio.timeout(DEADLINE_SECONDS):
        while len(records) < count:
            records += [delivery.record for delivery in await subscription.poll()]
    return records


async def note_effect(session: sql.Session, event: Envelope) -> None:
    await session.execute(insert(effects).values(key=event.key, version=event.version))


async def noted(engine: AsyncEngine) -> list[tuple[str, int]]:
    async with sql.read(engine) as session:
        return [(row.key, row.version) for row in await session.execute(select(effects))]


def consumer(log: EventLog, engine: AsyncEngine) -> Consumer:
    inbox = SqlInbox(engine, "mail", morning, retry_seconds=(0,))
    return Consumer(log, "mail", [USER_EVENTS], inbox, note_effect, retry_seconds=0.01)


async def test_versions_count_per_key_and_hashes_chain(engine: AsyncEngine) -> None:
    first = await commit_event(engine, "alice")
    second = await commit_event(engine, "alice")
    other = await commit_event(engine, "bob")
    assert [first.version, second.version, other.version] == [1, 2, 1]
    assert Envelope.from_body(first.body).prev_hash == ""
    assert Envelope.from_body(second.body).prev_hash == first.hash == hash_of(first.body)


async def test_time_never_goes_back_within_a_stream(engine: AsyncEngine) -> None:
    await commit_event(engine, "alice", now=MORNING)
    second = await commit_event(engine, "alice", now=MORNING - timedelta(hours=1))
    third = await commit_event(engine, "alice", now=MORNING + timedelta(seconds=1))
    assert Envelope.from_body(second.body).occur_time == MORNING
    assert Envelope.from_body(third.body).occur_time == datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)


async def test_parallel_writers_leave_no_gap(engine: AsyncEngine) -> None:
    records = await asyncio.gather(*(commit_event(engine, "alice") for _ in range(30)))
    assert sorted(record.version for record in records) == list(range(1, 31))


async def test_an_event_of_a_transaction_that_fails_is_never_published(
    engine: AsyncEngine, log: EventLog
) -> None:
    with suppress(LookupError):
        async with sql.write(engine) as session:
            await write_event(session, "alice")
            raise LookupError
    await commit_event(engine, "bob")
    async with running(OutboxRelay(engine, log).run()):
        assert [record.key for record in await taken(log, 1)] == ["bob"]


async def test_the_relay_publishes_what_is_committed_before_and_after_its_start(
    engine: AsyncEngine, log: EventLog
) -> None:
    before = await commit_event(engine, "alice")
    async with running(OutboxRelay(engine, log).run()):
        assert await taken(log, 1, "first") == [before]
        after = await commit_event(engine, "alice")
        assert await taken(log, 2, "second") == [before, after]


async def test_two_relays_at_once_keep_the_order_of_first_occurrence(
    engine: AsyncEngine, log: EventLog
) -> None:
    relays = [OutboxRelay(engine, log, holder="both") for _ in range(2)]  # the lease keeps neither out
    async with running(*(relay.run() for relay in relays)):
        for _ in range(25):
            await asyncio.gather(*(commit_event(engine, user) for user in ("alice", "bob")))
        await eventually(lambda: has_arrived(log, "bob", 25))
        await eventually(lambda: has_arrived(log, "alice", 25))
    arrived = await taken(log, 50)
    for user in ("alice", "bob"):
        versions = [record.version for record in arrived if record.key == user]
        assert list(dict.fromkeys(versions)) == list(range(1, 26))


async def has_arrived(log: EventLog, user: str, version: int) -> bool:
    async with log.consume("look", [USER_EVENTS]) as subscription:
        arrived = [delivery.record for delivery in await subscription.poll()]
        return any((record.key, record.version) == (user, version) for record in arrived)


class FlakyLog:
    """A log in front of the real one that loses its answers and refuses, as it is told."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.refused: set[str] = set()
        self.answers_lost = 0

    async def publish(self, record: Record) -> None:
        if record.key in self.refused:
            raise EventLogUnavailable("the broker is away")
        await self._log.publish(record)
        if self.answers_lost:
            self.answers_lost -= 1
            raise EventLogUnavailable("no answer")

    async def publish_all(self, records: Sequence[Record]) -> int:
        if records[0].key in self.refused:
            return 0
        stored = await self._log.publish_all(records)
        if self.answers_lost:
            self.answers_lost -= 1
            return stored - 1
        return stored

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        return self._log.consume(group, topics)

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        return self._log.replay(topic)

    def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        return self._log.follow(topics)

    async def is_reachable(self) -> bool:
        return not self.refused


async def test_a_key_that_cannot_be_published_waits_without_a_hole_while_others_go_on(
    engine: AsyncEngine, log: EventLog
) -> None:
    flaky = FlakyLog(log)
    flaky.refused = {"alice"}
    for user in ("alice", "alice", "bob", "alice"):
        await commit_event(engine, user)
    async with running(OutboxRelay(engine, flaky, retry_seconds=0.01).run()):
        assert [record.key for record in await taken(log, 1, "first")] == ["bob"]
        flaky.refused = set()
        arrived = await taken(log, 4, "second")
    # Order holds within a key; a log may spread keys over partitions.
    assert [record.version for record in arrived if record.key == "alice"] == [1, 2, 3]
    assert [record.version for record in arrived if record.key == "bob"] == [1]


async def test_a_lost_acknowledgement_duplicates_and_the_inbox_drops_it(
    engine: AsyncEngine, log: EventLog
) -> None:
    flaky = FlakyLog(log)
    flaky.answers_lost = 2
    for _ in range(3):
        await commit_event(engine, "alice")
    relay = OutboxRelay(engine, flaky, retry_seconds=0.01)
    async with running(relay.run(), consumer(log, engine).run()):
        await eventually(lambda: all_noted(engine, 3))
        assert len(await taken(log, 5)) == 5
    assert await noted(engine) == [("alice", 1), ("alice", 2), ("alice", 3)]


async def all_noted(engine: AsyncEngine, count: int) -> bool:
    return len(await noted(engine)) == count


class Died(BaseException):
    """Stands for the end of the process, right there."""


def die_at(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Die at a failpoint, once."""
    left = [place]

    def reached(name: str) -> None:
        if name in left:
            left.remove(name)
            raise Died

    monkeypatch.setattr(failpoints, "reached", reached)


async def test_a_relay_that_dies_after_publishing_is_replaced_and_nothing_is_doubled(
    engine: AsyncEngine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await commit_event(engine, "alice")
    die_at(monkeypatch, "event_published")
    with suppress(BaseExceptionGroup, Died):
        await OutboxRelay(engine, log).run()
    async with running(OutboxRelay(engine, log).run(), consumer(log, engine).run()):
        await eventually(lambda: all_noted(engine, 3))
    assert await noted(engine) == [("alice", 1), ("alice", 2), ("alice", 3)]


async def test_a_consumer_that_dies_before_its_commit_is_replaced_and_nothing_is_doubled(
    engine: AsyncEngine, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await commit_event(engine, "alice")
    die_at(monkeypatch, "effect_done")
    async with running(OutboxRelay(engine, log).run()):
        with suppress(Died):
            await consumer(log, engine).run()
        before = await noted(engine)
        async with running(consumer(log, engine).run()):
            await eventually(lambda: all_noted(engine, 3))
    after = [("alice", 1), ("alice", 2), ("alice", 3)]
    assert await noted(engine) == after
    # What came together is stored together.
    assert before
    assert before == after[: len(before)]


async def test_two_consumers_of_a_group_have_every_effect_once(engine: AsyncEngine, log: EventLog) -> None:
    async with running(OutboxRelay(engine, log).run(), *(consumer(log, engine).run() for _ in range(2))):
        for user in ("alice", "bob", "alice", "bob"):
            await commit_event(engine, user)
        await eventually(lambda: all_noted(engine, 4))
    assert sorted(await noted(engine)) == [("alice", 1), ("alice", 2), ("bob", 1), ("bob", 2)]
