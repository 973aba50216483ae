"""A consumer: takes records from the log to the inbox, and commits only after the effect."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import DBAPIError

from mesh.event_log.inbox.inbox import Effect, Redriven, RetryLater, SqlInbox
from mesh.event_log.inbox.parked import Parked
from mesh.event_log.port import Delivery, EventLog, EventLogUnavailable, Subscription, SubscriptionLost
from mesh.server import failpoints

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 5.0

LAG_INTERVAL_SECONDS = 5.0
LAG = Gauge(
    "shopmesh_consumer_lag_seconds", "Age of the oldest event that a group has not handled yet.", ("group",)
)

_log = structlog.get_logger()


class Consumer:
    """One member of a consumer group; the others wait until it is gone."""

    def __init__(
        self,
        log: EventLog,
        group: str,
        topics: Sequence[str],
        inbox: SqlInbox,
        effect: Effect,
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
                async with (
                    self._log.consume(self._group, self._topics) as subscription,
                    self._lag(subscription),
                ):
                    while True:
                        await self._handle(subscription)
                        pause = self._retry_seconds
            except (EventLogUnavailable, DBAPIError, RetryLater) as error:
                _log.warning("consumer_waits", group=self._group, error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_RETRY_SECONDS)

    async def parked(self, *, after: int, limit: int) -> Sequence[Parked]:
        """What is parked behind a position, oldest first."""
        return await self._inbox.parked(after=after, limit=limit)

    async def redrive(self, key: str | None) -> Redriven:
        """Handle the parked events of a key, or all, again."""
        return await self._inbox.redrive(key, self._effect)

    async def _handle(self, subscription: Subscription) -> None:
        deliveries = await subscription.poll()
        records = [delivery.record for delivery in deliveries]
        await self._inbox.deliver_all(records, self._effect, done=_effect_done)
        try:
            for delivery in _last_of_each(deliveries):
                await subscription.commit(delivery)
        except SubscriptionLost:
            # Somebody else gets these records again; the inbox drops them.
            _log.info("subscription_lost", group=self._group)

    @asynccontextmanager
    async def _lag(self, subscription: Subscription) -> AsyncIterator[None]:
        """Show the lag meanwhile."""
        measuring = asyncio.create_task(self._measure(subscription))
        try:
            yield
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    async def _measure(self, subscription: Subscription) -> None:
        while True:
            with suppress(EventLogUnavailable):
                LAG.labels(self._group).set(await subscription.lag_seconds())
            await asyncio.sleep(LAG_INTERVAL_SECONDS)


def _effect_done() -> None:
    failpoints.reached("effect_done")


def _last_of_each(deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
    last = {(delivery.record.topic, delivery.partition): delivery for delivery in deliveries}
    return tuple(last.values())
