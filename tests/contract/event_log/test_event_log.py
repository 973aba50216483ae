"""What every event log promises, whatever technology is behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from mesh.event_log import Delivery, EventLog, Record, Subscription, SubscriptionLost
from mesh.event_log.sqlite import SqliteEventLog
from mesh.topology import ORDER_EVENTS, USER_EVENTS
from tests.support.events import DEADLINE_SECONDS, envelope, eventually, record

Open = Callable[[], AbstractAsyncContextManager[EventLog]]

LEASE_SECONDS = 0.4


@pytest.fixture(params=["sqlite"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same log once more, as another process would."""
    logs: dict[str, Open] = {
        "sqlite": lambda: SqliteEventLog.opened(tmp_path / "event_log.db", lease_seconds=LEASE_SECONDS),
    }
    return logs[request.param]


@pytest.fixture
async def log(open_log: Open) -> AsyncIterator[EventLog]:
    async with open_log() as log:
        yield log


def order_event(order: str, version: int) -> Record:
    return record(ORDER_EVENTS, envelope("OrderPlaced", order, version))


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(taken) < count:
            taken.extend(await subscription.poll())
    return taken


def versions(deliveries: Sequence[Delivery]) -> list[tuple[str, int]]:
    return [(delivery.record.key, delivery.record.version) for delivery in deliveries]


async def test_a_record_arrives_with_the_bytes_it_was_published_with(log: EventLog) -> None:
    published = order_event("order-1", 1)
    await log.publish(published)
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        [delivery] = await take(subscription, 1)
    assert delivery.record == published


async def test_a_new_group_starts_at_the_first_record_and_waits_for_the_next(log: EventLog) -> None:
    await log.publish(order_event("order-1", 1))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        first = await take(subscription, 1)
        waiting = asyncio.create_task(take(subscription, 1))
        await asyncio.sleep(0)
        await log.publish(order_event("order-1", 2))
        assert versions([*first, *await waiting]) == [("order-1", 1), ("order-1", 2)]


async def test_a_record_of_another_process_wakes_the_reader(log: EventLog, open_log: Open) -> None:
    async with log.consume("mail", [ORDER_EVENTS]) as subscription, open_log() as other_process:
        waiting = asyncio.create_task(take(subscription, 1))
        await asyncio.sleep(0)
        await other_process.publish(order_event("order-1", 1))
        assert versions(await waiting) == [("order-1", 1)]


async def test_versions_of_a_key_arrive_in_order_among_parallel_publishers(log: EventLog) -> None:
    async def publish(order: str) -> None:
        for version in range(1, 21):
            await log.publish(order_event(order, version))

    await asyncio.gather(*(publish(f"order-{number}") for number in range(10)))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        arrived = versions(await take(subscription, 200))
    for number in range(10):
        assert [version for key, version in arrived if key == f"order-{number}"] == list(range(1, 21))


async def test_only_the_topics_asked_for_arrive(log: EventLog) -> None:
    await log.publish(record(USER_EVENTS, envelope("UserRegistered", "alice", 1)))
    await log.publish(order_event("order-1", 1))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 1)]


async def test_a_topic_added_to_a_group_is_read_from_its_first_record(log: EventLog) -> None:
    await log.publish(record(USER_EVENTS, envelope("UserRegistered", "alice", 1)))
    await log.publish(order_event("order-1", 1))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        await subscription.commit((await take(subscription, 1))[0])
    async with log.consume("mail", [ORDER_EVENTS, USER_EVENTS]) as subscription:
        assert versions(await take(subscription, 1)) == [("alice", 1)]


async def test_what_was_committed_does_not_come_again_and_the_rest_does(open_log: Open) -> None:
    async with open_log() as log:
        for version in (1, 2, 3):
            await log.publish(order_event("order-1", version))
        async with log.consume("mail", [ORDER_EVENTS]) as subscription:
            await subscription.commit((await take(subscription, 3))[1])
    async with open_log() as log, log.consume("mail", [ORDER_EVENTS]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 3)]


async def test_an_older_commit_does_not_take_back_a_newer_one(log: EventLog) -> None:
    for version in (1, 2):
        await log.publish(order_event("order-1", version))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        first, second = await take(subscription, 2)
        await subscription.commit(second)
        await subscription.commit(first)
    await log.publish(order_event("order-1", 3))
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 3)]


async def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    await log.publish(order_event("order-1", 1))
    async with (
        log.consume("mail", [ORDER_EVENTS]) as mail,
        log.consume("stock", [ORDER_EVENTS]) as stock,
    ):
        await mail.commit((await take(mail, 1))[0])
        assert versions(await take(stock, 1)) == [("order-1", 1)]


async def test_one_member_of_a_group_reads_and_the_next_takes_over_when_it_leaves(
    log: EventLog, open_log: Open
) -> None:
    await log.publish(order_event("order-1", 1))
    async with AsyncExitStack() as second_process:
        async with log.consume("mail", [ORDER_EVENTS]) as first:
            assert versions(await take(first, 1)) == [("order-1", 1)]
            other = await second_process.enter_async_context(open_log())
            second = await second_process.enter_async_context(other.consume("mail", [ORDER_EVENTS]))
            taken = asyncio.create_task(take(second, 1))
            await log.publish(order_event("order-1", 2))
            assert versions(await take(first, 1)) == [("order-1", 2)]
            assert not taken.done()
        assert versions(await taken) == [("order-1", 1), ("order-1", 2)]


async def test_lag_is_the_age_of_the_oldest_record_without_a_commit(log: EventLog) -> None:
    async with log.consume("mail", [ORDER_EVENTS]) as subscription:
        assert await subscription.lag_seconds() == 0
        await log.publish(order_event("order-1", 1))

        async def lags() -> bool:
            return await subscription.lag_seconds() > 0

        await eventually(lags)
        await subscription.commit((await take(subscription, 1))[0])
        assert await subscription.lag_seconds() == 0


async def test_a_log_that_answers_says_so(log: EventLog) -> None:
    assert await log.is_reachable()


class SettableClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_sqlite_a_paused_member_loses_its_lease_and_cannot_commit(tmp_path: Path) -> None:
    path, paused_clock, clock = tmp_path / "event_log.db", SettableClock(), SettableClock()
    async with (
        SqliteEventLog.opened(path, clock=paused_clock, lease_seconds=LEASE_SECONDS) as paused_process,
        SqliteEventLog.opened(path, clock=clock, lease_seconds=LEASE_SECONDS) as log,
        paused_process.consume("mail", [ORDER_EVENTS]) as paused,
    ):
        await log.publish(order_event("order-1", 1))
        [delivery] = await take(paused, 1)
        clock.now += 2 * LEASE_SECONDS
        async with log.consume("mail", [ORDER_EVENTS]) as successor:
            assert versions(await take(successor, 1)) == [("order-1", 1)]
            with pytest.raises(SubscriptionLost):
                await paused.commit(delivery)


async def test_sqlite_a_lease_from_a_future_that_never_comes_is_over(tmp_path: Path) -> None:
    path, fast, right = tmp_path / "event_log.db", SettableClock(), SettableClock()
    fast.now += 3600
    async with AsyncExitStack() as abandoned:
        gone = await abandoned.enter_async_context(SqliteEventLog.opened(path, clock=fast, lease_seconds=60))
        await gone.publish(order_event("order-1", 1))
        dead = await abandoned.enter_async_context(gone.consume("mail", [ORDER_EVENTS]))
        await take(dead, 1)
        async with (
            SqliteEventLog.opened(path, clock=right, lease_seconds=60) as log,
            log.consume("mail", [ORDER_EVENTS]) as successor,
        ):
            assert versions(await take(successor, 1)) == [("order-1", 1)]
