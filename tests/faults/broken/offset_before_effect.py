"""Notification that notes an event as handled before it is."""

from unittest.mock import patch

from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.port import Subscription
from mesh.server import failpoints
from mesh.server.process import run
from mesh.topology import ORDER_EVENTS
from services.notification import server


class HastyConsumer(Consumer):
    """Commits first. The failpoint stays between the two steps, and waits for an order."""

    async def _handle(self, subscription: Subscription) -> None:
        deliveries = await subscription.poll()
        for delivery in deliveries:
            await subscription.commit(delivery)
        if any(delivery.record.topic == ORDER_EVENTS for delivery in deliveries):
            failpoints.reached("effect_done")
        for delivery in deliveries:
            await self._inbox.deliver(delivery.record, self._effect)


if __name__ == "__main__":
    with patch.object(server, "Consumer", HastyConsumer):
        run("notification", server.compose)
