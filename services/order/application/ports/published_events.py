"""What was published of orders, and where lost events are published again."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from services.order.application.ports.event_store import StoredEvent


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event of an order as other services get it."""

    order_id: str
    event: StoredEvent


class PublishedEvents(Protocol):
    """The topic of orders' events. An event may be there several times, or two for one version."""

    def replay(self) -> AsyncGenerator[PublishedEvent, None]:
        """All events from the first to the one that is the last now, an order's as they were published."""
        ...

    async def publish(self, event: PublishedEvent) -> None:
        """Publish an event; it is durable when this returns. Parallel calls are about different orders."""
        ...
