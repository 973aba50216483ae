"""What only the event log in Kafka promises: its topics, its groups' partitions, and what is on the wire."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from mesh.backends.running import Server
from mesh.event_log import (
    Delivery,
    EventLog,
    EventLogUnavailable,
    Record,
    Subscription,
    SubscriptionLost,
)
from mesh.event_log.kafka import publisher
from mesh.event_log.kafka.client import admin, servers_of
from mesh.event_log.kafka.log import KafkaEventLog
from mesh.event_log.kafka.member import BATCH
from mesh.event_log.kafka.topics import TopicMismatch
from tests.support.event_logs import Open, Topics, open_kafka, own_topics, take
from tests.support.events import DEADLINE_SECONDS, envelope, record
from tests.support.waiting import until

ORDERS = [f"order-{number}" for number in range(24)]
_PACE_SECONDS = 0.1


@pytest.fixture
def topics() -> Topics:
    return own_topics()


@pytest.fixture
def open_log(kafka: Server, topics: Topics) -> Open:
    return open_kafka(kafka.url, topics)


@pytest.fixture
async def log(open_log: Open) -> AsyncIterator[EventLog]:
    async with open_log() as log:
        yield log


def placed(topics: Topics, order: str, version: int = 1) -> Record:
    return record(topics.orders, envelope("OrderPlaced", order, version))


async def publish_all(log: EventLog, topics: Topics, version: int) -> None:
    await asyncio.gather(*(log.publish(placed(topics, order, version)) for order in ORDERS))


@pytest.mark.parametrize(
    ("setting", "actual", "needed"),
    [("partitions", "1", "6"), ("retention.ms", "3600000", "-1"), ("cleanup.policy", "compact", "delete")],
)
async def test_a_topic_with_other_settings_keeps_the_log_from_opening(
    kafka: Server, topics: Topics, setting: str, actual: str, needed: str
) -> None:
    settings = {"partitions": "6", "retention.ms": "-1", "cleanup.policy": "delete", setting: actual}
    topic = {"num_partitions": int(settings.pop("partitions")), "configs": settings}
    with admin(kafka.url, timeout_ms=5000) as client:
        client.create_topics({topics.users: topic}, wait_for_metadata=True)

    with pytest.raises(TopicMismatch, match=f"{topics.users}: {setting} is {actual} and has to be {needed}"):
        async with KafkaEventLog.opened(kafka.url, topics=topics.all):
            pass


async def test_two_processes_may_create_the_topics_at_once(open_log: Open, topics: Topics) -> None:
    async with open_log() as one, open_log() as other:
        await asyncio.gather(one.publish(placed(topics, "mug")), other.publish(placed(topics, "cup")))
        assert len([delivery async for delivery in one.replay(topics.orders)]) == 2


async def test_key_and_body_are_on_the_wire_as_they_are_and_the_rest_in_headers(
    kafka: Server, topics: Topics, log: EventLog
) -> None:
    published = placed(topics, "order-1")
    await log.publish(published)

    consumer = KafkaConsumer(
        topics.orders,
        bootstrap_servers=servers_of(kafka.url),
        auto_offset_reset="earliest",
        group_id=None,
        consumer_timeout_ms=1000 * DEADLINE_SECONDS,
    )
    try:
        message = next(consumer)
    finally:
        consumer.close()

    assert (message.key, message.value) == (b"order-1", published.body)
    assert dict(message.headers) == {"version": b"1", "hash": published.hash.encode()}


async def test_version_and_hash_are_had_from_the_body_where_the_headers_are_lost(
    kafka: Server, topics: Topics, log: EventLog
) -> None:
    published = placed(topics, "order-1", 7)
    producer = KafkaProducer(bootstrap_servers=servers_of(kafka.url))
    producer.send(topics.orders, key=b"order-1", value=b"no event")
    producer.send(topics.orders, key=b"order-1", value=published.body)
    producer.close(timeout=DEADLINE_SECONDS)

    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        assert [delivery.record for delivery in await take(subscription, 1)] == [published]


async def test_two_members_share_the_partitions_and_none_has_two_readers(
    topics: Topics, log: EventLog, open_log: Open
) -> None:
    async with (
        open_log() as other_process,
        log.consume(topics.group("mail"), [topics.orders]) as first,
        other_process.consume(topics.group("mail"), [topics.orders]) as second,
    ):
        latest = await _published_until_both_read(log, topics, first, second)
        await publish_all(log, topics, latest + 1)
        by_first, by_second = await _read_between_them(first, second, version=latest + 1)

    assert by_first
    assert by_second
    assert {delivery.partition for delivery in by_first}.isdisjoint(d.partition for d in by_second)
    assert sorted(d.record.key for d in [*by_first, *by_second]) == sorted(ORDERS)


async def test_a_member_cannot_commit_what_went_to_another_one(
    topics: Topics, log: EventLog, open_log: Open
) -> None:
    await publish_all(log, topics, 1)
    async with (
        AsyncExitStack() as second_process,
        log.consume(topics.group("mail"), [topics.orders]) as first,
    ):
        taken = await take(first, len(ORDERS))
        other = await second_process.enter_async_context(open_log())
        second = await second_process.enter_async_context(
            other.consume(topics.group("mail"), [topics.orders])
        )
        moved = (await take(second, 1))[0].partition

        with pytest.raises(SubscriptionLost):
            await first.commit(next(delivery for delivery in taken if delivery.partition == moved))


async def test_a_member_that_holds_all_it_may_still_takes_part_in_the_sharing(
    topics: Topics, log: EventLog, open_log: Open
) -> None:
    for version in range(1, 3 * BATCH // len(ORDERS)):
        await publish_all(log, topics, version)
    async with (
        open_log() as other_process,
        log.consume(topics.group("mail"), [topics.orders]) as first,
    ):
        assert await first.poll()
        async with other_process.consume(topics.group("mail"), [topics.orders]) as second:
            assert await take(second, 1)


async def test_a_closed_log_leaves_no_thread(
    open_log: Open, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    producers: list[KafkaProducer] = []

    def kept(**settings: Any) -> KafkaProducer:
        # Referred to from here as well: the library's finalizer would hide that nobody closes it.
        producers.append(KafkaProducer(**settings))
        return producers[-1]

    monkeypatch.setattr(publisher, "KafkaProducer", kept)
    before = set(threading.enumerate())
    async with open_log() as log:
        await log.publish(placed(topics, "order-1"))
        assert set(threading.enumerate()) - before

    assert producers
    # A thread announces its end as its last act, and is alive for a moment after it.
    until(lambda: set(threading.enumerate()) <= before, "the log's threads have ended")


async def test_of_several_what_came_before_a_failure_is_acknowledged(
    topics: Topics, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = publisher.KafkaPublisher.publish

    async def away_at_three(kafka: publisher.KafkaPublisher, record: Record) -> None:
        if record.version == 3:
            raise EventLogUnavailable("the broker is away")
        await publish(kafka, record)

    monkeypatch.setattr(publisher.KafkaPublisher, "publish", away_at_three)

    assert await log.publish_all([placed(topics, "order-1", version) for version in range(1, 6)]) == 2

    assert [each.record.version async for each in log.replay(topics.orders)] == [1, 2]


async def test_reading_without_a_group_leaves_no_place_in_the_topic(
    kafka: Server, topics: Topics, log: EventLog
) -> None:
    await log.publish(placed(topics, "order-1"))
    async with log.consume(topics.group("mail"), [topics.orders]) as subscription:
        await subscription.commit((await take(subscription, 1))[0])

    assert len([delivery async for delivery in log.replay(topics.orders)]) == 1

    assert _groups_with_a_place_in(topics.orders, kafka) == {topics.group("mail")}


def _groups_with_a_place_in(topic: str, kafka: Server) -> set[str]:
    with admin(kafka.url, timeout_ms=5000) as client:
        groups = [group["group_id"] for group in client.list_groups()]
        places = client.list_group_offsets(groups)
    return {group for group, offsets in places.items() if topic in {place.topic for place in offsets}}


async def _published_until_both_read(
    log: EventLog, topics: Topics, first: Subscription, second: Subscription
) -> int:
    """Publish version after version until each member has had some; the last version."""
    version = 0
    joined = asyncio.gather(first.poll(), second.poll())
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not joined.done():
            version += 1
            await publish_all(log, topics, version)
            await asyncio.wait([joined], timeout=_PACE_SECONDS)
    await joined
    return version


async def _read_between_them(
    first: Subscription, second: Subscription, *, version: int
) -> tuple[list[Delivery], list[Delivery]]:
    """What each gets of a version, until all keys have come."""
    read: tuple[list[Delivery], list[Delivery]] = ([], [])

    async def go_on(subscription: Subscription, deliveries: list[Delivery]) -> None:
        while sum(map(len, read)) < len(ORDERS):
            deliveries += [d for d in await subscription.poll() if d.record.version == version]

    reading = [asyncio.create_task(go_on(*pair)) for pair in zip((first, second), read, strict=True)]
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    return read
