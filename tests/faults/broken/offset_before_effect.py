"""Notification that notes an event as handled before it is."""

from typing import Any
from unittest.mock import patch

from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.port import Subscription
from mesh.server import failpoints
from mesh.server.process import run
from mesh.topology import ORDER_EVENTS
from services.notification import server
from tests.support.waiting import eventually

_STORED_SECONDS = 30


class HastyConsumer(Consumer):
    """Commits first. The failpoint stays between the two steps, and waits for an order."""

    async def _handle(self, subscription: Subscription) -> None:
        deliveries = await subscription.poll()
        for delivery in deliveries:
            await subscription.commit(delivery)
        await _stored(subscription)
        if any(delivery.record.topic == ORDER_EVENTS for delivery in deliveries):
            failpoints.reached("effect_done")
        for delivery in deliveries:
            await self._inbox.deliver(delivery.record, self._effect)


async def _stored(subscription: Any) -> None:
    """Wait until the broker knows: a member commits together what it has noted."""

    async def is_stored() -> bool:
        return not subscription._buffers.noted()

    await eventually(is_stored, "the broker knows", seconds=_STORED_SECONDS)


if __name__ == "__main__":
    with patch.object(server, "Consumer", HastyConsumer):
        run("notification", server.compose)
