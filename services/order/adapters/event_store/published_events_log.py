"""The published events of orders in the event log."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from mesh.event_log import EventLog, Record
from mesh.topology import ORDER_EVENTS
from services.order.application.ports import PublishedEvent, StoredEvent


class LogPublishedEvents:
    """Reads without a group, so that nobody's place in the log changes."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def replay(self) -> AsyncGenerator[PublishedEvent, None]:
        async with aclosing(self._log.replay(ORDER_EVENTS)) as deliveries:
            async for delivery in deliveries:
                record = delivery.record
                yield PublishedEvent(record.key, StoredEvent(record.version, record.body, record.hash))

    async def publish(self, event: PublishedEvent) -> None:
        stored = event.event
        await self._log.publish(
            Record(ORDER_EVENTS, event.order_id, stored.version, stored.body, stored.hash)
        )
