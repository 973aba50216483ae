"""A consumer: takes records from the log to the inbox, and commits only after the effect."""

import asyncio
from collections.abc import Sequence
from typing import Generic

import structlog
from sqlalchemy.exc import DBAPIError

from mesh import failpoints
from mesh.event_log.inbox_sql import E, Effect, Outcome, Redriven, SqlInbox, TryLater
from mesh.event_log.port import Delivery, EventLog, EventLogUnavailable, Subscription, SubscriptionLost

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 5.0

_log = structlog.get_logger()


class Consumer(Generic[E]):
    """One member of a consumer group; the others wait until it is gone."""

    def __init__(
        self,
        log: EventLog,
        group: str,
        topics: Sequence[str],
        inbox: SqlInbox[E],
        effect: Effect[E],
        *,
        retry_seconds: float = FIRST_RETRY_SECONDS,
    ) -> None:
        self._log = log
        self._group = group
        self._topics = tuple(topics)
        self._inbox = inbox
        self._effect = effect
        self._retry_seconds = retry_seconds

    async def run(self) -> None:
        """Consume for ever; when the log, the database or a peer is away, wait and try again."""
        pause = self._retry_seconds
        while True:
            try:
                async with self._log.consume(self._group, self._topics) as subscription:
                    while True:
                        await self._handle(subscription)
                        pause = self._retry_seconds
            except (EventLogUnavailable, DBAPIError, TryLater) as error:
                _log.warning("consumer_waits", group=self._group, error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_RETRY_SECONDS)

    async def redrive(self, key: str | None) -> Redriven:
        """Handle the parked events of a key, or all, again."""
        return await self._inbox.redrive(key, self._effect)

    async def _handle(self, subscription: Subscription) -> None:
        deliveries = await subscription.poll()
        for delivery in deliveries:
            if await self._inbox.deliver(delivery.record, self._effect) is Outcome.HANDLED:
                failpoints.reached("effect_done")
        try:
            for delivery in _last_of_each(deliveries):
                await subscription.commit(delivery)
        except SubscriptionLost:
            # Somebody else gets these records again; the inbox drops them.
            _log.info("subscription_lost", group=self._group)


def _last_of_each(deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    last = {(delivery.record.topic, delivery.partition): delivery for delivery in deliveries}
    return tuple(last.values())
