"""A relay over the stores of a test, and event logs that get in its way."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from mesh.event_log import Delivery, EventLog, EventLogUnavailable, Record, Subscription
from mesh.topology import ORDER_EVENTS
from services.order.adapters.event_store.relay import Relay
from tests.support.order_world import FreeLease, OrderWorld, Steps


@dataclass
class FailingLog:
    """An event log that refuses some versions.

    Attributes:
        batches: Which versions were stored together.
    """

    log: EventLog
    refused: set[tuple[str, int]] = field(default_factory=set)
    batches: list[list[int]] = field(default_factory=list)

    async def publish(self, record: Record) -> None:
        if (record.key, record.version) in self.refused:
            raise EventLogUnavailable("refused")
        await self.log.publish(record)

    async def publish_all(self, records: Sequence[Record]) -> int:
        taken = list(takewhile(lambda record: (record.key, record.version) not in self.refused, records))
        self.batches.append([record.version for record in taken])
        return await self.log.publish_all(taken)

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        return self.log.consume(group, topics)

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        return self.log.replay(topic)

    def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        return self.log.follow(topics)

    async def is_reachable(self) -> bool:
        return not self.refused


@dataclass
class InterruptedLog(FailingLog):
    """An event log at which something happens before it stores for the first time."""

    interruption: Callable[[], Awaitable[None]] | None = None

    async def publish_all(self, records: Sequence[Record]) -> int:
        interruption, self.interruption = self.interruption, None
        if interruption is not None:
            await interruption()
        return await super().publish_all(records)


def relay_of(
    world: OrderWorld,
    log: EventLog,
    steps: Steps | None = None,
    *,
    store: Any = None,
    changes: Any = None,
) -> Relay:
    adapters = world.adapters
    return Relay(
        store=store or adapters.store,
        log=log,
        heads=adapters.heads,
        changes=changes or adapters.changes,
        lease=FreeLease(),
        reached=steps or Steps(),
    )


async def published(log: EventLog, count: int) -> list[Record]:
    """The first records of the log, which have to come."""
    records: list[Record] = []
    async with asyncio.timeout(20), log.consume("test", [ORDER_EVENTS]) as subscription:
        while len(records) < count:
            records += [delivery.record for delivery in await subscription.poll()]
    return records


async def unpublished(world: OrderWorld) -> list[tuple[str, int]]:
    waiting = await world.adapters.store.unpublished(after=None, limit=100)
    return [(commit.order_id, commit.version) for commit in waiting]
