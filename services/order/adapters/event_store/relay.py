"""Carries stored commits to the event log.

Publish, wait for the acknowledgement, sign the head, unset the marker: never in
another order, and a version only behind those before it. A relay that dies in
between repeats itself; consumers drop what they know. While one batch is signed and
unset, the next one is published and the one behind it read.

An order is decided a moment after it was placed. Both events then go together: every
consumer has one transaction with them instead of two.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import Protocol, TypeVar

import structlog

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.event_log import EventLog, Record
from mesh.topology import ORDER_EVENTS
from services.order.application.ports import Changes, Commit, EventStore, Failpoint, Head, HeadLog
from services.order.domain.errors import StoreUnavailable

_BATCH = 500
_RETRY_SECONDS = 0.5
_RENEW_SECONDS = 1.0
_MOMENT_SECONDS = 0.05
"""How long an order that was just placed is given to be decided."""
_BEYOND_ANY_VERSION = 2**31 - 1

_log = structlog.get_logger()

T = TypeVar("T")


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
        reached: Failpoint,
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
        self._seen = 0

    async def run(self) -> None:
        """Publish for ever; what cannot be published now is tried again."""
        while True:
            async with redeliver_cancellation():
                is_done = await self._is_done()
            if is_done:
                await self._changes.wait_for_change(self._seen)
            else:
                await asyncio.sleep(_RETRY_SECONDS)

    async def publish_waiting(self, *, moment_seconds: float = 0.0) -> bool:
        """Publish everything that is unpublished now.

        Args:
            moment_seconds: How long orders that were just placed are given to be decided.

        Returns:
            Whether all of it was acknowledged.

        Raises:
            StoreUnavailable: The store does not answer.
            OSError: The heads cannot be stored.
        """
        is_whole = True
        acknowledged: Sequence[Commit] = ()
        page = await self._decided(moment_seconds)
        while page and await self._is_my_turn():
            published, ahead, signed = await asyncio.gather(
                self._publish(page),
                self._behind(page),
                self._sign_heads(acknowledged),
                return_exceptions=True,
            )
            _sure(signed)
            acknowledged, ahead = _sure(published), _sure(ahead)
            if len(acknowledged) < len(page):
                is_whole = False
                # The rest of an order that is blocked must not overtake.
                ahead = await self._unpublished((page[-1].order_id, _BEYOND_ANY_VERSION))
            page = ahead
        await self._sign_heads(acknowledged)
        return is_whole and not page

    async def _is_done(self) -> bool:
        try:
            return await self.publish_waiting(moment_seconds=_MOMENT_SECONDS)
        except StoreUnavailable:
            return False
        except OSError as error:
            _log.warning("heads_not_stored", error=type(error).__name__)
            return False

    async def _decided(self, moment_seconds: float) -> Sequence[Commit]:
        """The first page, once it holds more than orders that were just placed, or the moment is over."""
        end = self._monotonic() + moment_seconds
        while True:
            self._seen = self._changes.count
            page = await self._unpublished(None)
            left = end - self._monotonic()
            if not page or left <= 0 or any(commit.last_version > 1 for commit in page):
                return page
            if not await self._is_my_turn():
                return page
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changes.wait_for_change(self._seen)

    async def _behind(self, page: Sequence[Commit]) -> Sequence[Commit]:
        """The next page; a page that is not full has none: what came since is a change."""
        if len(page) < _BATCH:
            return ()
        return await self._unpublished((page[-1].order_id, page[-1].version))

    async def _unpublished(self, after: tuple[str, int] | None) -> Sequence[Commit]:
        return await self._store.unpublished(after=after, limit=_BATCH)

    async def _is_my_turn(self) -> bool:
        if self._monotonic() < self._sure_until:
            return True
        held = await self._lease.hold()
        if held:
            self._sure_until = self._monotonic() + _RENEW_SECONDS
        return held

    async def _publish(self, commits: Sequence[Commit]) -> Sequence[Commit]:
        orders = [list(each) for _, each in groupby(commits, key=attrgetter("order_id"))]
        published = await asyncio.gather(*map(self._publish_order, orders))
        return [commit for each in published for commit in each]

    async def _publish_order(self, commits: Sequence[Commit]) -> Sequence[Commit]:
        records = [
            Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)
            for commit in commits
            for event in commit.events
        ]
        stored = await self._log.publish_all(records)
        if stored < len(records):
            _log.warning("publish_failed", order_id=records[0].key, version=records[stored].version)
        if stored:
            self._reached("event_published")
        return [commit for commit in commits if commit.last_version < records[0].version + stored]

    async def _sign_heads(self, commits: Sequence[Commit]) -> None:
        if commits:
            await self._heads.append(
                [
                    Head(commit.order_id, event.version, event.hash)
                    for commit in commits
                    for event in commit.events
                ]
            )
            await self._store.mark_published(commits)


def _sure(outcome: T | BaseException) -> T:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
