"""A broker that dies, hangs or comes late: publishing says so, and everything goes on by itself."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest

from mesh.backends.backend import Place
from mesh.backends.kafka import KafkaBackend
from mesh.backends.running import serving
from mesh.event_log import EventLog, EventLogUnavailable, Record, Subscription, SubscriptionLost
from mesh.event_log.kafka.client import admin
from mesh.event_log.kafka.log import KafkaEventLog
from tests.support.event_logs import SESSION_SECONDS, Topics, own_topics
from tests.support.events import envelope, eventually, record
from tests.support.real_servers import OwnPlace

pytestmark = pytest.mark.timeout(300)
"""Seconds: a broker needs some to start, on a busy machine many."""


@pytest.fixture
def topics() -> Topics:
    return own_topics()


@pytest.fixture
def place(own_place: OwnPlace) -> Place:
    """For a broker of its own, which a test may harm."""
    return own_place(KafkaBackend())


@pytest.fixture
async def late_log(place: Place, topics: Topics) -> AsyncIterator[EventLog]:
    """A log that was opened when there was no broker."""
    url = KafkaBackend().url(place)
    async with KafkaEventLog.opened(url, topics=topics.all, session_seconds=SESSION_SECONDS) as log:
        yield log


def placed(topics: Topics, version: int, order: str = "order-1") -> Record:
    return record(topics.orders, envelope("OrderPlaced", order, version))


async def publish_at_last(log: EventLog, event: Record) -> None:
    """As a relay does: again and again, until it is acknowledged."""

    async def is_published() -> bool:
        with suppress(EventLogUnavailable):
            await log.publish(event)
            return True
        return False

    await eventually(is_published)


async def first_occurrences(subscription: Subscription, versions: list[int]) -> list[int]:
    """Handle what comes until these versions have come."""
    seen: list[int] = []

    async def have_come() -> bool:
        deliveries = await subscription.poll()
        seen.extend(delivery.record.version for delivery in deliveries)
        with suppress(SubscriptionLost):
            await subscription.commit(deliveries[-1])
        return set(versions) <= set(seen)

    await eventually(have_come)
    return list(dict.fromkeys(seen))


async def test_all_goes_on_when_a_killed_broker_is_back(place: Place, topics: Topics) -> None:
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(serving(KafkaBackend(), place))
        opened = KafkaEventLog.opened(broker.url, topics=topics.all, session_seconds=SESSION_SECONDS)
        log = await stack.enter_async_context(opened)
        subscription = await stack.enter_async_context(log.consume(topics.group("mail"), [topics.orders]))
        await log.publish(placed(topics, 1))
        assert await first_occurrences(subscription, [1]) == [1]

        os.kill(broker.pid, signal.SIGKILL)
        with pytest.raises(EventLogUnavailable):
            await log.publish(placed(topics, 2))
        assert not await log.is_reachable()

        await stack.enter_async_context(serving(KafkaBackend(), place))
        assert await log.is_reachable()
        await publish_at_last(log, placed(topics, 2))
        await publish_at_last(log, placed(topics, 3))
        # What was handled just before may come again: its place is stored a moment later.
        assert [each for each in await first_occurrences(subscription, [2, 3]) if each > 1] == [2, 3]


@pytest.mark.long
async def test_all_goes_on_when_a_broker_that_hung_answers_again(place: Place, topics: Topics) -> None:
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(serving(KafkaBackend(), place))
        opened = KafkaEventLog.opened(broker.url, topics=topics.all, session_seconds=SESSION_SECONDS)
        log = await stack.enter_async_context(opened)
        subscription = await stack.enter_async_context(log.consume(topics.group("mail"), [topics.orders]))
        await log.publish(placed(topics, 1))
        assert await first_occurrences(subscription, [1]) == [1]

        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with pytest.raises(EventLogUnavailable):
                await log.publish(placed(topics, 2))
            assert not await log.is_reachable()
        finally:
            os.kill(broker.pid, signal.SIGCONT)

        await publish_at_last(log, placed(topics, 2))
        await publish_at_last(log, placed(topics, 3))
        # What was handled just before may come again: its place is stored a moment later.
        assert [each for each in await first_occurrences(subscription, [2, 3]) if each > 1] == [2, 3]


async def test_a_log_can_be_opened_before_its_broker_is_there(
    place: Place, topics: Topics, late_log: EventLog
) -> None:
    assert not await late_log.is_reachable()
    with pytest.raises(EventLogUnavailable):
        await late_log.publish(placed(topics, 1))
    async with late_log.consume(topics.group("mail"), [topics.orders]) as too_early:
        with pytest.raises(EventLogUnavailable):
            await too_early.poll()

    async with serving(KafkaBackend(), place):
        await publish_at_last(late_log, placed(topics, 1))
        async with late_log.consume(topics.group("mail"), [topics.orders]) as subscription:
            assert await first_occurrences(subscription, [1]) == [1]
        assert await late_log.is_reachable()


@pytest.mark.long
async def test_a_late_topic_that_is_not_as_it_has_to_be_is_named_when_it_is_published_to(
    place: Place, topics: Topics, late_log: EventLog
) -> None:
    async with serving(KafkaBackend(), place) as broker:
        with admin(broker.url, timeout_ms=5000) as client:
            client.create_topics({topics.users: {"num_partitions": 1}}, wait_for_metadata=True)

        with pytest.raises(EventLogUnavailable, match=f"{topics.users}: partitions is 1 and has to be 6"):
            await late_log.publish(placed(topics, 1))
