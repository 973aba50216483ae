"""Event logs for tests: the same one opened as often as there are processes, with topics of its own."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from mesh.backends.running import Server
from mesh.event_log import Delivery, EventLog, Subscription
from mesh.event_log.kafka import KafkaEventLog
from mesh.event_log.sqlite import SqliteEventLog
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


def open_kafka(server: Server, topics: Topics, *, partitions: int = 6) -> Open:
    return lambda: KafkaEventLog.opened(
        server.url, topics=topics.all, partitions=partitions, session_seconds=SESSION_SECONDS
    )


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(taken) < count:
            taken.extend(await subscription.poll())
    return taken


def versions(deliveries: Sequence[Delivery]) -> list[tuple[str, int]]:
    return [(delivery.record.key, delivery.record.version) for delivery in deliveries]
