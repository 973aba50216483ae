"""Carries stored commits to the event log.

Publish, wait for the acknowledgement, sign the head, unset the marker: never in
another order, and at most one unacknowledged version per order. A relay that dies
in between repeats itself; consumers drop what they know.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Protocol

import structlog

from mesh.event_log import EventLog, EventLogUnavailable, Record
from mesh.topology import ORDER_EVENTS
from services.order.application.ports import Changes, Commit, EventStore, HeadLog, Reached
from services.order.domain.errors import StoreUnavailable

_BATCH = 200
_RETRY_SECONDS = 0.5
_RENEW_SECONDS = 1.0
_BEYOND_ANY_VERSION = 2**31 - 1

_log = structlog.get_logger()


class Lease(Protocol):
    """Of several workers' relays one works at a time; two would only do it twice."""

    async def hold(self) -> bool:
        """Take or renew it; returns whether it is held now."""
        ...


class Relay:
    """Publishes what is unpublished, woken by commits."""

    def __init__(
        self,
        *,
        store: EventStore,
        log: EventLog,
        heads: HeadLog,
        changes: Changes,
        lease: Lease,
        reached: Reached,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._log = log
        self._heads = heads
        self._changes = changes
        self._lease = lease
        self._reached = reached
        self._monotonic = monotonic
        self._sure_until = float("-inf")

    async def run(self) -> None:
        """Publish for ever; what cannot be published now is tried again."""
        while True:
            seen = self._changes.count
            if await self._is_done():
                await self._changes.wait_past(seen)
            else:
                await asyncio.sleep(_RETRY_SECONDS)

    async def publish_waiting(self) -> bool:
        """Publish everything that is unpublished now.

        Returns:
            Whether all of it was acknowledged.
        """
        blocked = False
        after: tuple[str, int] | None = None
        while batch := await self._store.unpublished(after=after, limit=_BATCH):
            last = batch[-1]
            done = await self._publish(batch)
            blocked = blocked or len(done) < len(batch)
            # Behind a whole order: the rest of a blocked one must not overtake.
            after = (last.order_id, last.version if len(done) == len(batch) else _BEYOND_ANY_VERSION)
        return not blocked

    async def _is_done(self) -> bool:
        try:
            if not await self._store.unpublished(after=None, limit=1):
                return True
            return await self._is_my_turn() and await self.publish_waiting()
        except StoreUnavailable:
            return False

    async def _is_my_turn(self) -> bool:
        if self._monotonic() < self._sure_until:
            return True
        held = await self._lease.hold()
        if held:
            self._sure_until = self._monotonic() + _RENEW_SECONDS
        return held

    async def _publish(self, batch: Sequence[Commit]) -> Sequence[Commit]:
        orders = [list(commits) for _, commits in groupby(batch, key=lambda commit: commit.order_id)]
        published = await asyncio.gather(*(self._publish_order(commits) for commits in orders))
        done = [commit for commits in published for commit in commits]
        await self._store.mark_published(done)
        return done

    async def _publish_order(self, commits: Sequence[Commit]) -> Sequence[Commit]:
        done: list[Commit] = []
        for commit in commits:
            try:
                await self._publish_commit(commit)
            except (EventLogUnavailable, OSError):
                _log.warning("publish_failed", order_id=commit.order_id, version=commit.version)
                break
            done.append(commit)
        return done

    async def _publish_commit(self, commit: Commit) -> None:
        for event in commit.events:
            await self._log.publish(
                Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)
            )
            await self._heads.append(commit.order_id, event.version, event.hash)
        self._reached("event_published")
