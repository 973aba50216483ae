"""The inbox on a real database: once, in order, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import Record
from mesh.event_log.inbox.inbox import INBOX_TABLES, Outcome, Redriven, RetryLater, SqlInbox
from mesh.topology import ORDER_EVENTS, USER_EVENTS
from services.kernel.envelope import Envelope
from tests.support.events import MORNING, envelope, morning, record

metadata = MetaData()
effects = Table("effects", metadata, Column("key", String(50)), Column("version", Integer))


class Effects:
    """An effect that writes a row, and fails for the versions it is told to."""

    def __init__(self) -> None:
        self.poison: set[int] = set()
        self.calls = 0

    async def __call__(self, session: sql.Session, event: Envelope) -> None:
        self.calls += 1
        await session.execute(insert(effects).values(key=event.key, version=event.version))
        if event.version in self.poison:
            raise LookupError("MUG-RED is unknown")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata, *INBOX_TABLES)
    yield engine
    await engine.dispose()


@pytest.fixture
def inbox(engine: AsyncEngine) -> SqlInbox:
    return SqlInbox(engine, "mail", morning, retry_seconds=(0, 0))


@pytest.fixture
def effect() -> Effects:
    return Effects()


def order_event(version: int, order: str = "order-1") -> Record:
    return record(ORDER_EVENTS, envelope("OrderPlaced", order, version))


async def happened(engine: AsyncEngine, key: str = "order-1") -> list[int]:
    async with sql.read(engine) as session:
        return list(await session.scalars(select(effects.c.version).where(effects.c.key == key)))


async def test_an_event_has_its_effect_once_however_often_it_comes(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    outcomes = [await inbox.deliver(order_event(version), effect) for version in (1, 1, 2, 1, 2)]
    assert await happened(engine) == [1, 2]
    assert outcomes == [
        Outcome.HANDLED, Outcome.DROPPED, Outcome.HANDLED, Outcome.DROPPED, Outcome.DROPPED,
    ]  # fmt: skip


async def test_two_workers_with_the_same_event_have_one_effect(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    outcomes = await asyncio.gather(*(inbox.deliver(order_event(1), effect) for _ in range(20)))
    assert await happened(engine) == [1]
    assert outcomes.count(Outcome.HANDLED) == 1


async def test_keys_and_topics_and_consumers_have_inboxes_of_their_own(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    other = SqlInbox(engine, "stock", morning)
    same_key = record(USER_EVENTS, envelope("UserErased", "order-1", 1))
    assert await inbox.deliver(order_event(1), effect) is Outcome.HANDLED
    assert await inbox.deliver(order_event(1, "order-2"), effect) is Outcome.HANDLED
    assert await inbox.deliver(same_key, effect) is Outcome.HANDLED
    assert await other.deliver(order_event(1), effect) is Outcome.HANDLED


async def test_an_effect_that_fails_leaves_nothing_behind_and_parks_after_its_attempts(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.poison = {1}
    assert await inbox.deliver(order_event(1), effect) is Outcome.PARKED
    assert await happened(engine) == []
    assert effect.calls == 3
    [parked] = await inbox.parked()
    assert (parked.record, parked.type, parked.park_time) == (order_event(1), "OrderPlaced", MORNING)
    assert "LookupError" in parked.reason


async def test_a_passing_failure_is_tried_again_and_parks_nothing(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    async def fails_once(session: sql.Session, event: Envelope) -> None:
        effect.poison = {1} if effect.calls == 0 else set()
        await effect(session, event)

    assert await inbox.deliver(order_event(1), fails_once) is Outcome.HANDLED
    assert await happened(engine) == [1]
    assert await inbox.parked() == []


async def test_later_events_of_a_parked_key_park_behind_it_and_others_go_on(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.poison = {2}
    for version in (1, 2, 3, 4):
        await inbox.deliver(order_event(version), effect)
    assert await inbox.deliver(order_event(1, "order-2"), effect) is Outcome.HANDLED
    assert await happened(engine) == [1]
    assert [(parked.record.version, parked.reason) for parked in (await inbox.parked())[1:]] == [
        (3, "behind version 2"),
        (4, "behind version 2"),
    ]


async def test_a_parked_event_that_comes_again_is_dropped(inbox: SqlInbox, effect: Effects) -> None:
    effect.poison = {1}
    await inbox.deliver(order_event(1), effect)
    assert await inbox.deliver(order_event(1), effect) is Outcome.DROPPED
    assert len(await inbox.parked()) == 1


async def test_redrive_lets_them_go_in_order_and_the_key_flows_again(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.poison = {2}
    for version in (1, 2, 3, 4):
        await inbox.deliver(order_event(version), effect)
    effect.poison = set()
    assert await inbox.redrive(None, effect) == Redriven(handled=3, remaining=0)
    assert await inbox.deliver(order_event(5), effect) is Outcome.HANDLED
    assert await happened(engine) == [1, 2, 3, 4, 5]


async def test_redrive_of_one_key_leaves_the_others(inbox: SqlInbox, effect: Effects) -> None:
    effect.poison = {1}
    for order in ("order-1", "order-2"):
        await inbox.deliver(order_event(1, order), effect)
    effect.poison = set()
    assert await inbox.redrive("order-2", effect) == Redriven(handled=1, remaining=0)
    assert [parked.record.key for parked in await inbox.parked()] == ["order-1"]


async def test_what_fails_again_stays_parked_with_what_follows_it(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.poison = {1}
    for version in (1, 2, 3):
        await inbox.deliver(order_event(version), effect)
    effect.poison = {2}
    assert await inbox.redrive("order-1", effect) == Redriven(handled=1, remaining=2)
    assert await happened(engine) == [1]
    assert [parked.record.version for parked in await inbox.parked()] == [2, 3]


async def test_parallel_redrives_have_every_effect_once(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    effect.poison = {1}
    for version in (1, 2, 3):
        await inbox.deliver(order_event(version), effect)
    effect.poison = set()
    await asyncio.gather(*(inbox.redrive(None, effect) for _ in range(5)))
    assert await happened(engine) == [1, 2, 3]


async def test_a_version_beyond_the_next_parks_until_the_gap_is_filled(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    await inbox.deliver(order_event(1), effect)
    assert await inbox.deliver(order_event(3), effect) is Outcome.PARKED
    assert await inbox.redrive(None, effect) == Redriven(handled=0, remaining=1)
    assert [parked.reason for parked in await inbox.parked()] == ["version 2 has not arrived"]
    assert await inbox.deliver(order_event(2), effect) is Outcome.HANDLED
    assert await happened(engine) == [1, 2, 3]
    assert await inbox.deliver(order_event(4), effect) is Outcome.HANDLED


async def test_what_waited_for_a_gap_is_handled_later_when_its_effect_has_to_wait(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    async def peer_is_silent_about_the_third(session: sql.Session, event: Envelope) -> None:
        if event.version == 3:
            raise RetryLater
        await effect(session, event)

    await inbox.deliver(order_event(1), effect)
    await inbox.deliver(order_event(3), effect)
    with pytest.raises(RetryLater):
        await inbox.deliver(order_event(2), peer_is_silent_about_the_third)

    assert await inbox.deliver(order_event(2), effect) is Outcome.HANDLED
    assert await happened(engine) == [1, 2, 3]


async def test_a_body_that_is_no_event_is_parked(inbox: SqlInbox, effect: Effects) -> None:
    nonsense = b"\x00 not JSON"
    digest = "c0fee2dc4c34bed8bd30f1ebbb8a8b1a"
    tampered = Record(ORDER_EVENTS, "order-1", 1, nonsense, digest)
    assert await inbox.deliver(tampered, effect) is Outcome.PARKED
    [parked] = await inbox.parked()
    assert (parked.type, effect.calls) == ("", 0)


async def test_a_body_that_was_changed_is_parked(inbox: SqlInbox, effect: Effects) -> None:
    changed = replace(order_event(1), body=envelope("OrderCancelled", "order-1", 1).body())
    assert await inbox.deliver(changed, effect) is Outcome.PARKED
    assert effect.calls == 0


async def test_an_effect_that_has_to_wait_parks_nothing(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    async def peer_is_silent(_session: sql.Session, _event: Envelope) -> None:
        raise RetryLater

    with pytest.raises(RetryLater):
        await inbox.deliver(order_event(1), peer_is_silent)
    assert await inbox.parked() == []
    assert await inbox.deliver(order_event(1), effect) is Outcome.HANDLED


async def test_a_worker_that_dies_within_an_effect_leaves_it_to_the_next(
    engine: AsyncEngine, inbox: SqlInbox, effect: Effects
) -> None:
    applied = asyncio.Event()

    async def dies(session: sql.Session, event: Envelope) -> None:
        await effect(session, event)
        applied.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(inbox.deliver(order_event(1), dies))
    await applied.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert await happened(engine) == []
    assert await inbox.deliver(order_event(1), effect) is Outcome.HANDLED
    assert await happened(engine) == [1]


async def test_parked_events_are_paged(inbox: SqlInbox, effect: Effects) -> None:
    effect.poison = {1}
    for number in range(5):
        await inbox.deliver(order_event(1, f"order-{number}"), effect)
    first = await inbox.parked(limit=3)
    rest = await inbox.parked(after=first[-1].position, limit=3)
    assert [parked.record.key for parked in (*first, *rest)] == [f"order-{number}" for number in range(5)]
