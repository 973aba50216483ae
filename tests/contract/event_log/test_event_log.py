"""What every event log promises, whatever technology is behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from mesh.event_log import EventLog, Record
from tests.support.event_logs import Open, Topics, open_kafka, open_sqlite, own_topics, take, versions
from tests.support.events import DEADLINE_SECONDS, envelope, eventually, record


@pytest.fixture
def topics() -> Topics:
    return own_topics()


@pytest.fixture
def partitions() -> int:
    """Of each topic, where the technology has any."""
    return 6


@pytest.fixture(params=["sqlite", "kafka"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path, topics: Topics, partitions: int) -> Open:
    """Opens the same log once more, as another process would."""
    if request.param == "sqlite":
        return open_sqlite(tmp_path)
    return open_kafka(request.getfixturevalue("kafka").url, topics, partitions=partitions)


@pytest.fixture
async def log(open_log: Open) -> AsyncIterator[EventLog]:
    async with open_log() as log:
        yield log


def order_event(topics: Topics, order: str, version: int) -> Record:
    return record(topics.orders, envelope("OrderPlaced", order, version))


def user_event(topics: Topics, user: str) -> Record:
    return record(topics.users, envelope("UserRegistered", user, 1))


async def test_a_record_arrives_with_the_bytes_it_was_published_with(topics: Topics, log: EventLog) -> None:
    published = order_event(topics, "order-1", 1)
    await log.publish(published)
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        [delivery] = await take(subscription, 1)
    assert delivery.record == published


async def test_a_new_group_starts_at_the_first_record_and_waits_for_the_next(
    topics: Topics, log: EventLog
) -> None:
    await log.publish(order_event(topics, "order-1", 1))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        first = await take(subscription, 1)
        waiting = asyncio.create_task(take(subscription, 1))
        await asyncio.sleep(0)
        await log.publish(order_event(topics, "order-1", 2))
        assert versions([*first, *await waiting]) == [("order-1", 1), ("order-1", 2)]


async def test_a_record_of_another_process_wakes_the_reader(
    topics: Topics, log: EventLog, open_log: Open
) -> None:
    async with (
        log.consume(topics.group("mail"), [topics.orders]) as subscription,
        open_log() as other_process,
    ):
        waiting = asyncio.create_task(take(subscription, 1))
        await asyncio.sleep(0)
        await other_process.publish(order_event(topics, "order-1", 1))
        assert versions(await waiting) == [("order-1", 1)]


async def test_versions_of_a_key_arrive_in_order_among_parallel_publishers(
    topics: Topics, log: EventLog
) -> None:
    async def publish(order: str) -> None:
        for version in range(1, 21):
            await log.publish(order_event(topics, order, version))

    await asyncio.gather(*(publish(f"order-{number}") for number in range(10)))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        arrived = versions(await take(subscription, 200))
    for number in range(10):
        assert [version for key, version in arrived if key == f"order-{number}"] == list(range(1, 21))


async def test_several_of_a_key_are_stored_at_once_in_their_order(topics: Topics, log: EventLog) -> None:
    records = [order_event(topics, "order-1", version) for version in range(1, 4)]

    assert await log.publish_all(records) == 3

    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert [delivery.record for delivery in await take(subscription, 3)] == records


async def test_only_the_topics_asked_for_arrive(topics: Topics, log: EventLog) -> None:
    await log.publish(user_event(topics, "alice"))
    await log.publish(order_event(topics, "order-1", 1))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 1)]


async def test_a_topic_added_to_a_group_is_read_from_its_first_record(topics: Topics, log: EventLog) -> None:
    await log.publish(user_event(topics, "alice"))
    await log.publish(order_event(topics, "order-1", 1))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        await subscription.commit((await take(subscription, 1))[0])
    async with log.consume(topics.group("mail"), [topics.orders, topics.users]) as subscription:
        assert versions(await take(subscription, 1)) == [("alice", 1)]


async def test_what_was_committed_does_not_come_again_and_the_rest_does(
    topics: Topics, open_log: Open
) -> None:
    async with open_log() as log:
        for version in (1, 2, 3):
            await log.publish(order_event(topics, "order-1", version))
        async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
            await subscription.commit((await take(subscription, 3))[1])
    async with open_log() as log, log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 3)]


async def test_an_older_commit_does_not_take_back_a_newer_one(topics: Topics, log: EventLog) -> None:
    for version in (1, 2):
        await log.publish(order_event(topics, "order-1", version))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        first, second = await take(subscription, 2)
        await subscription.commit(second)
        await subscription.commit(first)
    await log.publish(order_event(topics, "order-1", 3))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert versions(await take(subscription, 1)) == [("order-1", 3)]


async def test_groups_do_not_disturb_each_other(topics: Topics, log: EventLog) -> None:
    await log.publish(order_event(topics, "order-1", 1))
    async with (
        log.consume(topics.group("mail"), [topics.orders]) as mail,
        log.consume(topics.group("stock"), [topics.orders]) as stock,
    ):
        await mail.commit((await take(mail, 1))[0])
        assert versions(await take(stock, 1)) == [("order-1", 1)]


@pytest.mark.parametrize("partitions", [1])
async def test_one_member_of_a_group_reads_and_the_next_takes_over_when_it_leaves(
    topics: Topics, log: EventLog, open_log: Open
) -> None:
    await log.publish(order_event(topics, "order-1", 1))
    async with AsyncExitStack() as second_process:
        async with log.consume(topics.group("mail"), [topics.orders]) as first:
            assert versions(await take(first, 1)) == [("order-1", 1)]
            other = await second_process.enter_async_context(open_log())
            second = await second_process.enter_async_context(
                other.consume(topics.group("mail"), [topics.orders])
            )
            taken = asyncio.create_task(take(second, 1))
            await log.publish(order_event(topics, "order-1", 2))
            assert versions(await take(first, 1)) == [("order-1", 2)]
            assert not taken.done()
        assert versions(await taken) == [("order-1", 1), ("order-1", 2)]


async def test_a_replay_ends_at_the_last_record_of_its_beginning_and_is_in_order_per_key(
    topics: Topics, log: EventLog
) -> None:
    for version in (1, 2, 3):
        for order in ("order-1", "order-2"):
            await log.publish(order_event(topics, order, version))
    await log.publish(user_event(topics, "alice"))
    async with aclosing(log.replay(topics.orders)) as replay:
        replayed = [await anext(replay)]
        await log.publish(order_event(topics, "order-1", 4))
        replayed += [delivery async for delivery in replay]
    assert [version for order, version in versions(replayed) if order == "order-1"] == [1, 2, 3]
    assert [version for order, version in versions(replayed) if order == "order-2"] == [1, 2, 3]


async def test_a_replay_of_a_topic_without_records_is_over_at_once(topics: Topics, log: EventLog) -> None:
    assert [delivery async for delivery in log.replay(topics.orders)] == []


async def test_a_replay_reads_more_than_fits_a_batch_whatever_a_group_has_committed(
    topics: Topics, log: EventLog
) -> None:
    orders = [f"order-{number}" for number in range(600)]
    await asyncio.gather(*(log.publish(order_event(topics, order, 1)) for order in orders))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        await subscription.commit((await take(subscription, 600))[-1])
    replayed = [delivery async for delivery in log.replay(topics.orders)]
    assert sorted(delivery.record.key for delivery in replayed) == sorted(orders)


async def test_a_follower_reads_all_topics_from_the_first_record_and_goes_on(
    topics: Topics, log: EventLog
) -> None:
    await log.publish(order_event(topics, "order-1", 1))
    await log.publish(user_event(topics, "alice"))
    async with aclosing(log.follow(topics.all)) as following, asyncio.timeout(DEADLINE_SECONDS):
        first = [await anext(following) for _ in range(2)]
        await log.publish(order_event(topics, "order-1", 2))
        next_one = await anext(following)
    assert sorted(versions(first)) == [("alice", 1), ("order-1", 1)]
    assert versions([next_one]) == [("order-1", 2)]


async def test_lag_is_the_age_of_the_oldest_record_without_a_commit(topics: Topics, log: EventLog) -> None:
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert await subscription.lag_seconds() == 0
        await log.publish(order_event(topics, "order-1", 1))

        async def lags() -> bool:
            return await subscription.lag_seconds() > 0

        await eventually(lags)
        await subscription.commit((await take(subscription, 1))[0])
        assert await subscription.lag_seconds() == 0


async def test_a_log_that_answers_says_so(log: EventLog) -> None:
    assert await log.is_reachable()
