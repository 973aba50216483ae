"""Event logs for tests: the same one opened as often as there are processes, with topics of its own."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mesh.event_log import Delivery, EventLog, Record, Subscription
from mesh.event_log.kafka.log import KafkaEventLog
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.topology import ORDER_EVENTS, USER_EVENTS
from tests.support.events import DEADLINE_SECONDS

Open = Callable[[], AbstractAsyncContextManager[EventLog]]

LEASE_SECONDS = 0.4
SESSION_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of topics and groups that no other test has."""

    mark: str

    @property
    def orders(self) -> str:
        return f"{ORDER_EVENTS}.{self.mark}"

    @property
    def users(self) -> str:
        return f"{USER_EVENTS}.{self.mark}"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.orders, self.users)

    def group(self, name: str) -> str:
        return f"{name}.{self.mark}"


def own_topics() -> Topics:
    return Topics(uuid.uuid4().hex[:12])


def open_sqlite(folder: Path) -> Open:
    return lambda: SqliteEventLog.opened(folder / "event_log.db", lease_seconds=LEASE_SECONDS)


def open_kafka(url: str, topics: Topics, *, partitions: int = 6) -> Open:
    return lambda: KafkaEventLog.opened(
        url, topics=topics.all, partitions=partitions, session_seconds=SESSION_SECONDS
    )


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(taken) < count:
            taken.extend(await subscription.poll())
    return taken


def versions(deliveries: Sequence[Delivery]) -> list[tuple[str, int]]:
    return [(delivery.record.key, delivery.record.version) for delivery in deliveries]


def open_own_kafka(url: str, topics: Topics) -> Open:
    """For parts that know the topics by their real names."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[EventLog]:
        async with open_kafka(url, topics)() as log:
            yield _OwnTopics(log, topics)

    return opened


class _OwnTopics:
    """A shared log in which all names belong to one test."""

    def __init__(self, log: EventLog, topics: Topics) -> None:
        self._log = log
        self._mark = f".{topics.mark}"

    async def publish(self, record: Record) -> None:
        await self._log.publish(replace(record, topic=record.topic + self._mark))

    async def publish_all(self, records: Sequence[Record]) -> int:
        return await self._log.publish_all(
            [replace(record, topic=record.topic + self._mark) for record in records]
        )

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        marked = [topic + self._mark for topic in topics]
        async with self._log.consume(group + self._mark, marked) as subscription:
            yield _OwnSubscription(subscription, self._mark)

    async def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        async for delivery in self._log.replay(topic + self._mark):
            yield _unmarked(delivery, self._mark)

    async def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        async for delivery in self._log.follow([topic + self._mark for topic in topics]):
            yield _unmarked(delivery, self._mark)

    async def is_reachable(self) -> bool:
        return await self._log.is_reachable()


class _OwnSubscription:
    def __init__(self, subscription: Subscription, mark: str) -> None:
        self._subscription = subscription
        self._mark = mark

    async def poll(self) -> Sequence[Delivery]:
        return [_unmarked(delivery, self._mark) for delivery in await self._subscription.poll()]

    async def commit(self, delivery: Delivery) -> None:
        marked = replace(delivery.record, topic=delivery.record.topic + self._mark)
        await self._subscription.commit(replace(delivery, record=marked))

    async def lag_seconds(self) -> float:
        return await self._subscription.lag_seconds()


def _unmarked(delivery: Delivery, mark: str) -> Delivery:
    record = replace(delivery.record, topic=delivery.record.topic.removesuffix(mark))
    return replace(delivery, record=record)
