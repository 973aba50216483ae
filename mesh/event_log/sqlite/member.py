"""A member of a consumer group of the embedded event log."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

from sqlalchemy.exc import DBAPIError

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.event_log.port import Delivery, SubscriptionLost
from mesh.event_log.sqlite.places import Place
from mesh.event_log.sqlite.records import BATCH, beyond, oldest_time, translated


class Member:
    """Active while it holds the group's lease.

    It reads on the event loop's own thread: a few rows by an index cost less than a hop to another.
    """

    def __init__(
        self,
        driver: sqlite3.Connection,
        place: Place,
        *,
        topics: tuple[str, ...],
        appended: ChangeNotifier,
        clock: Callable[[], float],
    ) -> None:
        """Bind a member.

        Args:
            driver: Reads the log.
            place: How far its group is.
            topics: Those it reads.
            appended: Notifies of records of these.
            clock: The time, in Unix seconds.
        """
        self._driver = driver
        self._place = place
        self._topics = topics
        self._appended = appended
        self._clock = clock
        self._read: dict[str, int] = {}
        self._all_read_at: int | None = None
        self._active = asyncio.Event()

    async def renew(self) -> None:
        """Take the lease as soon as it is free and keep it."""
        while True:
            try:
                held = await self._place.hold()
            except DBAPIError:
                held = False
            self._note(held)
            await asyncio.sleep(self._place.lease_seconds / 4)

    async def poll(self) -> Sequence[Delivery]:
        while True:
            await self._active.wait()
            seen = self._appended.count
            if seen == self._all_read_at:
                await self._appended.wait_for_change(seen)
                continue
            deliveries = self._next()
            # Fewer than might have come: there are no more before the next change.
            self._all_read_at = seen if len(deliveries) < BATCH else None
            if deliveries:
                return deliveries

    async def commit(self, delivery: Delivery) -> None:
        with translated():
            if not self._place.is_held():
                self._note(False)
                raise SubscriptionLost(f"another member of {self._place.group} has taken over")
        self._place.note(delivery.record.topic, delivery.offset)

    async def lag_seconds(self) -> float:
        with translated():
            oldest = oldest_time(self._driver, self._committed())
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest)

    def _note(self, held: bool) -> None:
        if held and not self._active.is_set():
            self._active.set()
            # What the member before has not committed is new to this one.
            self._appended.notify()
        elif not held:
            self._active.clear()
            self._read, self._all_read_at = {}, None

    def _next(self) -> Sequence[Delivery]:
        with translated():
            self._read = self._read or self._committed()
            deliveries = beyond(self._driver, self._read)
        self._read.update({delivery.record.topic: delivery.offset for delivery in deliveries})
        return deliveries

    def _committed(self) -> dict[str, int]:
        committed = self._place.committed()
        return {topic: committed.get(topic, 0) for topic in self._topics}
