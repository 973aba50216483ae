"""The loop that sends what is due."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext, suppress

import structlog

from mesh.server.telemetry import continue_trace
from mesh.sql.changes import Waited
from services.notification.application.claims import Claims
from services.notification.application.deliveries import Deliveries, Outcome
from services.notification.application.ports import Claim
from services.notification.domain.errors import StoreUnavailable
from services.notification.entrypoints.mail_metrics import count_outcome, show_unsent

LONGEST_WAIT_SECONDS = 5.0
RETRY_SECONDS = 0.5
SHOWN_EVERY_SECONDS = 5.0
"""How often, while mails are sent, all that are not are counted, and erased ones forgotten."""

_log = structlog.get_logger()


class Sender:
    """Wakes on every commit to the database and when something becomes due."""

    def __init__(
        self, claims: Claims, deliveries: Deliveries, changes: Waited, draining: asyncio.Event
    ) -> None:
        """Bind the loop.

        Args:
            claims: Choose the mails.
            deliveries: Sends them.
            changes: Wakes it.
            draining: Set when the process is about to stop: nothing more is claimed.
        """
        self._claims = claims
        self._deliveries = deliveries
        self._changes = changes
        self._draining = draining
        self._show_time = -SHOWN_EVERY_SECONDS
        self._is_shown = False

    async def run(self) -> None:
        """Send until the process is about to stop."""
        async with asyncio.TaskGroup() as tasks:
            waking = tasks.create_task(self._changes.run())
            await self._loop()
            waking.cancel()

    async def _loop(self) -> None:
        is_resumed = False
        while not self._draining.is_set():
            seen = self._changes.count
            try:
                if not is_resumed:
                    await self._claims.resume()
                    is_resumed = True
                await self._turn(seen)
            except Exception as error:  # noqa: BLE001 - the edge: the loop outlives a database that is away
                _log.warning("sender_waits", error=_what(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _turn(self, seen: int) -> None:
        claims = await self._work()
        if claims:
            self._is_shown = False
        is_late = asyncio.get_running_loop().time() - self._show_time >= SHOWN_EVERY_SECONDS
        if is_late or not (claims or self._is_shown):
            await self._show_unsent()
        if is_late or not claims:
            await self._forget_erased()
        if not claims:
            await self._wait(seen)

    async def _forget_erased(self) -> None:
        try:
            await self._deliveries.forget_erased()
        except OSError as error:
            # They stay noted; mails that can be sent do not wait for it.
            _log.warning("forgetting_failed", error=_what(error))

    async def _show_unsent(self) -> None:
        """Count what is not sent."""
        show_unsent(await self._deliveries.unsent())
        self._show_time, self._is_shown = asyncio.get_running_loop().time(), True

    async def _work(self) -> Sequence[Claim]:
        """Claim and send, to the end also when the process is asked to stop.

        A mail that was claimed or handed over without a note of its end would be sent again.
        """
        working = asyncio.create_task(self._send_all())
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.gather(working, return_exceptions=True)
            raise

    async def _send_all(self) -> Sequence[Claim]:
        claims = await self._claims.claim()
        async with asyncio.TaskGroup() as tasks:
            for claim in claims:
                tasks.create_task(self._send(claim))
        return claims

    async def _send(self, claim: Claim) -> None:
        delivery = claim.delivery
        name = f"send {delivery.template}"
        with continue_trace(delivery.trace, name) if delivery.trace else nullcontext():
            names = {"notification_id": delivery.notification_id, "template": str(delivery.template)}
            try:
                outcome = await self._deliveries.attempt(claim)
            except Exception as error:  # noqa: BLE001 - the edge: one bad mail does not stop the others
                _log.error("send_failed", trace_id=delivery.trace_id, error=_what(error), **names)
                outcome = self._deliveries.postponed(claim)
            if outcome is None:
                return
            try:
                await self._record(outcome)
            except Exception as error:  # noqa: BLE001 - as above; its claim runs out
                _log.error("outcome_not_stored", trace_id=delivery.trace_id, error=_what(error), **names)
            else:
                count_outcome(delivery, outcome.delivery)
                state = outcome.delivery.state.value
                _log.info("delivery", trace_id=delivery.trace_id, state=state, **names)

    async def _record(self, outcome: Outcome) -> None:
        """Store an outcome, however long the database is away."""
        while True:
            try:
                return await self._deliveries.record(outcome)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _wait(self, seen: int) -> None:
        pause = self._claims.seconds_to_next
        # What is due and was not claimed is not to be claimed at once.
        longest = LONGEST_WAIT_SECONDS if pause is None else min(max(pause, 0.05), LONGEST_WAIT_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._changes.wait_for_change(seen)


def _what(error: Exception) -> str:
    """The exception's type; its text may hold an address."""
    return type(error).__qualname__
