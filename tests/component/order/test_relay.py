"""Carrying commits to the event log: order, acknowledgement, signature, marker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.event_log import Record, open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.order.application.ports import Commit, EventStore
from services.order.domain.order import order_id_of
from tests.component.order.relaying import FailingLog, InterruptedLog, published, relay_of, unpublished
from tests.support.events import running
from tests.support.order_world import (
    ALICE,
    Crash,
    OrderWorld,
    Steps,
    cause,
    in_time,
    mugs,
    open_world,
)
from tests.support.waiting import eventually

BREAKFAST = order_id_of(ALICE, "breakfast")


@pytest.fixture
async def world(tmp_path: Path, mongodb_or_none: str | None) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=mongodb_or_none) as opened:
        yield opened


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[FailingLog]:
    async with open_event_log(MeshSettings(home=tmp_path)) as opened:
        yield FailingLog(opened)


async def test_the_log_gets_the_stored_bytes_and_the_head_log_their_hashes(
    world: OrderWorld, log: FailingLog
) -> None:
    await world.place(mugs())

    assert await relay_of(world, log).publish_waiting()

    stream = await world.adapters.store.read(BREAKFAST)
    assert stream is not None
    assert await published(log, 2) == [
        Record(ORDER_EVENTS, BREAKFAST, event.version, event.body, event.hash) for event in stream.events
    ]
    heads = await world.adapters.heads.of_order(BREAKFAST)
    assert [(head.version, head.hash, head.genuine) for head in heads] == [
        (event.version, event.hash, True) for event in stream.events
    ]
    assert await unpublished(world) == []
    assert (await world.audit.verify(BREAKFAST)).valid


async def test_a_version_that_is_not_acknowledged_blocks_its_order_and_no_other(
    world: OrderWorld, log: FailingLog
) -> None:
    orders = [await world.place(mugs(1, request_id=f"order-{number}")) for number in range(3)]
    blocked = orders[1].order_id
    log.refused.add((blocked, 1))

    assert not await relay_of(world, log).publish_waiting()

    assert await unpublished(world) == [(blocked, 1), (blocked, 2)]
    records = await published(log, 4)
    assert {record.key for record in records} == {orders[0].order_id, orders[2].order_id}

    log.refused.clear()
    assert await relay_of(world, log).publish_waiting()
    assert await unpublished(world) == []


async def test_a_relay_that_dies_behind_a_publish_publishes_again(world: OrderWorld, log: FailingLog) -> None:
    await world.place(mugs())

    with pytest.raises(Crash):
        await relay_of(world, log, Steps(crash_behind="event_published")).publish_waiting()
    assert (BREAKFAST, 1) in await unpublished(world)
    await relay_of(world, log).publish_waiting()

    versions = [record.version for record in await published(log, 3)]
    assert list(dict.fromkeys(versions)) == [1, 2]
    assert await unpublished(world) == []
    assert (await world.audit.verify(BREAKFAST)).valid


async def test_two_relays_at_once_keep_the_order_of_first_occurrence(
    world: OrderWorld, log: FailingLog
) -> None:
    for number in range(5):
        order = await world.place(mugs(1, request_id=f"order-{number}"))
        await world.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time())
    async with world.of_another_process() as other:
        await asyncio.gather(
            *(relay_of(each, log).publish_waiting() for each in (world, other, world, other))
        )

    first: dict[str, list[int]] = {}
    for record in await published(log, 15):
        versions = first.setdefault(record.key, [])
        if record.version not in versions:
            versions.append(record.version)
    assert all(versions == [1, 2, 3][: len(versions)] for versions in first.values())
    assert await unpublished(world) == []


async def test_a_running_relay_is_woken_by_the_commits_of_any_process(
    world: OrderWorld, log: FailingLog
) -> None:
    async def is_published() -> bool:
        return await unpublished(world) == [] and await world.adapters.store.read(BREAKFAST) is not None

    async with (
        world.of_another_process() as other,
        running(world.adapters.changes.run(), relay_of(world, log).run()),
    ):
        await other.place(mugs())
        await eventually(is_published, "the order's events are published")

    assert [record.version for record in await published(log, 2)] == [1, 2]


async def test_a_running_relay_waits_for_a_log_that_is_away(world: OrderWorld, log: FailingLog) -> None:
    log.refused |= {(BREAKFAST, 1)}
    await world.place(mugs())

    async def is_published() -> bool:
        return await unpublished(world) == []

    async with running(world.adapters.changes.run(), relay_of(world, log).run()):
        assert await unpublished(world) == [(BREAKFAST, 1), (BREAKFAST, 2)]
        log.refused.clear()
        await eventually(is_published, "the order's events are published")


async def test_what_was_acknowledged_of_an_order_is_signed_and_the_rest_waits(
    world: OrderWorld, log: FailingLog
) -> None:
    await world.place(mugs())
    log.refused.add((BREAKFAST, 2))

    assert not await relay_of(world, log).publish_waiting()

    assert await unpublished(world) == [(BREAKFAST, 2)]
    assert [head.version for head in await world.adapters.heads.of_order(BREAKFAST)] == [1]


async def test_what_is_stored_while_others_are_published_follows_them(
    world: OrderWorld, log: FailingLog
) -> None:
    changes = ChangeNotifier()

    async def another() -> None:
        await world.place(mugs(request_id="lunch"))
        changes.notify()

    await world.place(mugs())
    interrupted = InterruptedLog(log.log, interruption=another)
    async with running(relay_of(world, interrupted, changes=changes).run()):
        found = await published(log, 4)

    assert [record.version for record in found] == [1, 2, 1, 2]


async def test_an_order_alone_is_looked_for_once(world: OrderWorld, log: FailingLog) -> None:
    await world.place(mugs())
    store = Undecided(world.adapters.store)
    store.is_decided = True

    assert await relay_of(world, log, store=store, changes=ChangeNotifier()).publish_waiting()

    assert store.looks == 1


class Undecided:
    """The store, in which orders are not decided until a test says so."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.is_decided = False
        self.looks = 0

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        self.looks += 1
        found = await self._store.unpublished(after=after, limit=limit)
        return [commit for commit in found if self.is_decided or commit.last_version == 1]

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        await self._store.mark_published(commits)


async def test_both_events_of_an_order_that_is_being_decided_are_stored_together(
    world: OrderWorld, log: FailingLog
) -> None:
    await world.place(mugs())
    store, changes = Undecided(world.adapters.store), ChangeNotifier()
    relay = relay_of(world, log, store=store, changes=changes)

    async def has_looked() -> bool:
        return store.looks > 0

    publishing = asyncio.create_task(relay.publish_waiting(moment_seconds=3600))
    await eventually(has_looked, "the relay looks")
    assert log.batches == []
    store.is_decided = True
    changes.notify()

    assert await publishing
    assert log.batches == [[1, 2]]


async def test_an_order_that_nobody_decides_goes_alone(world: OrderWorld, log: FailingLog) -> None:
    await world.place(mugs())
    store = Undecided(world.adapters.store)

    assert await relay_of(world, log, store=store, changes=ChangeNotifier()).publish_waiting(
        moment_seconds=0.01
    )

    assert log.batches == [[1]]
