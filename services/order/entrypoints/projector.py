"""Keeps the index up with the events, by a consumer group of its own.

There is no inbox: projecting an order twice, or late, gives the row that its events make.
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.event_log import Delivery, EventLog, Subscription, SubscriptionLost
from mesh.event_log.inbox.consumer import LAG
from mesh.topology import ORDER_EVENTS
from services.order.application.queries.search import SearchProjection

GROUP = "order-search"
_RETRY_SECONDS = 0.5

_log = structlog.get_logger()


async def project(projection: SearchProjection, log: EventLog) -> None:
    """Project whatever comes; never returns."""
    while True:
        async with redeliver_cancellation():
            try:
                async with log.consume(GROUP, (ORDER_EVENTS,)) as subscription:
                    await _follow(subscription, projection)
            except Exception as error:  # noqa: BLE001 - the edge: a store or log that is away comes back
                _log.warning("projector_waits", group=GROUP, error=type(error).__name__)
        await asyncio.sleep(_RETRY_SECONDS)


async def _follow(subscription: Subscription, projection: SearchProjection) -> None:
    while True:
        deliveries = await subscription.poll()
        async with redeliver_cancellation():
            missing = await projection.project({each.record.key for each in deliveries})
        for order_id in missing:
            _log.error("order_not_indexed", order_id=order_id)
        try:
            for delivery in _last_by_partition(deliveries):
                await subscription.commit(delivery)
        except SubscriptionLost:
            # Somebody else gets these records again, and makes the same rows of them.
            _log.info("subscription_lost", group=GROUP)
        LAG.labels(GROUP).set(await subscription.lag_seconds())


def _last_by_partition(deliveries: Sequence[Delivery]) -> Iterable[Delivery]:
    return {each.partition: each for each in deliveries}.values()
