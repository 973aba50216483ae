"""A shop that has lost its event store and still has its event log, or the other way round."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh.event_log import EventLog, Record, open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.order.adapters.event_store.published_events_log import LogPublishedEvents
from services.order.application.maintenance.refill import Refill
from services.order.application.maintenance.restore import Restore
from services.order.application.ports import Head, Stream
from tests.support.order_world import ALICE, OrderWorld, cause, in_time, mugs, open_world


@dataclass(frozen=True)
class Shop:
    """A world whose events were published and signed, and a second one that has lost its store."""

    before: OrderWorld
    after: OrderWorld
    log: EventLog

    async def publish(self, order_id: str, *versions: int) -> None:
        """What the relay does, of some versions."""
        stream = await self.before.adapters.store.read(order_id)
        assert stream is not None
        for event in stream.events:
            if not versions or event.version in versions:
                await self.log.publish(Record(ORDER_EVENTS, order_id, event.version, event.body, event.hash))

    async def sign(self, order_id: str) -> None:
        stream = await self.before.adapters.store.read(order_id)
        assert stream is not None
        for event in stream.events:
            await self.after.adapters.heads.append([Head(order_id, event.version, event.hash)])

    async def cancelled(self, request_id: str = "breakfast") -> str:
        """An order with three events."""
        order = await self.before.place(mugs(1, request_id=request_id))
        await self.before.orders.cancel(order.order_id, ALICE, cause(), deadline=in_time())
        return order.order_id

    def restore(self) -> Restore:
        return Restore(
            store=self.after.adapters.store,
            published=LogPublishedEvents(self.log),
            heads=self.after.adapters.heads,
            progress=nothing,
        )

    def refill(self, log: EventLog | None = None) -> Refill:
        published = LogPublishedEvents(log or self.log)
        return Refill(store=self.before.adapters.store, published=published, progress=nothing)


@asynccontextmanager
async def open_shop(home: Path, mongodb_url: str | None) -> AsyncIterator[Shop]:
    """Such a shop; the second world keeps its orders in files or in MongoDB."""
    async with (
        open_world(home / "before") as before,
        open_world(
            home / "after", inventory=before.inventory, clock=before.clock, mongodb_url=mongodb_url
        ) as after,
        open_event_log(MeshSettings(home=home)) as log,
    ):
        yield Shop(before, after, log)


def nothing(_stage: str, _done: int, _total: int) -> None:
    """No progress is shown."""


async def streams(world: OrderWorld) -> dict[str, tuple[object, ...]]:
    found: Sequence[Stream] = await world.adapters.store.streams(after=None, limit=1_000)
    return {stream.order_id: stream.events for stream in found}
