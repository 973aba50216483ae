"""Publishes again what a topic has lost, from the event store."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from services.order.application.ports import (
    EventStore,
    Progress,
    PublishedEvent,
    PublishedEvents,
    StoredEvent,
    Stream,
)
from services.order.application.queries.verification import OrderFinding

_ORDERS_AT_ONCE = 200

Publish = Callable[[PublishedEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a refill came to.

    Attributes:
        found: Different versions that the topic had.
        published: Versions that it lacked and has now; none if there is a finding.
        findings: Versions that cannot be published any more, since later ones of their order are there.
    """

    found: int
    published: int
    findings: tuple[OrderFinding, ...]


class Refill:
    """Publishes what the topic has lost.

    The topic must hold a prefix of every order's versions: consumers rely on it.
    """

    def __init__(self, *, store: EventStore, published: PublishedEvents, progress: Progress) -> None:
        self._store = store
        self._published = published
        self._progress = progress

    async def run(self) -> Refilled:
        """Publish what is missing, unless it is too late for any of it; repeating it changes nothing."""
        return await self._go_through(self._published.publish)

    async def rehearse(self) -> Refilled:
        """What `run` would do; publishes nothing."""
        return await self._go_through(_nothing)

    async def _go_through(self, publish: Publish) -> Refilled:
        there: defaultdict[str, set[int]] = defaultdict(set)
        async with aclosing(self._published.replay()) as replayed:
            async for published in replayed:
                there[published.order_id].add(published.event.version)
        findings = [
            OrderFinding(order_id, version, "the topic lacks it and has later versions of its order")
            for order_id, versions in sorted(there.items())
            for version in sorted(set(range(1, max(versions))) - versions)
        ]
        found = sum(map(len, there.values()))
        if findings:
            return Refilled(found, 0, tuple(findings))
        lengths = {order_id: len(versions) for order_id, versions in there.items()}
        return Refilled(found, await self._publish_behind(lengths, publish), ())

    async def _publish_behind(self, lengths: dict[str, int], publish: Publish) -> int:
        total, done, count, after = await self._store.count(), 0, 0, None
        while streams := await self._store.streams(after=after, limit=_ORDERS_AT_ONCE):
            count += sum(await asyncio.gather(*(_publish(each, lengths, publish) for each in streams)))
            after, done = streams[-1].order_id, done + len(streams)
            self._progress("publishing", done, max(done, total))
        return count


async def _publish(stream: Stream, lengths: dict[str, int], publish: Publish) -> int:
    """One version after the other: the next one only when the one before is acknowledged."""
    missing = _missing(stream, lengths.get(stream.order_id, 0))
    for event in missing:
        await publish(PublishedEvent(stream.order_id, event))
    return len(missing)


def _missing(stream: Stream, length: int) -> Sequence[StoredEvent]:
    return [event for event in stream.events if event.version > length]


async def _nothing(_event: PublishedEvent) -> None:
    """Rehearse."""
