"""Finishes what was begun: undecided orders, releases that did not get through, half-done erasures."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from services.kernel.clock import Clock
from services.order.application.commands.customers import Customers
from services.order.application.commands.deadline import ANSWER_SECONDS, Deadline
from services.order.application.commands.decisions import Decisions
from services.order.application.journal import History, Journal
from services.order.application.ports import ContinueTrace, EventStore, InventoryUnreachable, OpenOrder
from services.order.domain.errors import StoreUnavailable
from services.order.domain.events import OrderRejected, RejectionReason

Report = Callable[[str, BaseException], None]
"""Told the id of an order that could not be gone on with, and why."""

TAKEN_UP_AFTER = timedelta(seconds=10)
GIVEN_UP_AFTER = timedelta(minutes=5)
_ATTEMPT_SECONDS = 3.0
_AT_ONCE = 32


class ProcessManager:
    """Goes through the open orders, the longest open first. Several workers may do so at once."""

    def __init__(
        self,
        *,
        journal: Journal,
        store: EventStore,
        decisions: Decisions,
        customers: Customers,
        continue_trace: ContinueTrace,
        clock: Clock,
        report: Report,
    ) -> None:
        self._journal = journal
        self._store = store
        self._decisions = decisions
        self._customers = customers
        self._continue_trace = continue_trace
        self._clock = clock
        self._report = report

    async def go_through(self) -> None:
        """Take up every open order once, then every unfinished erasure.

        Raises:
            StoreUnavailable: The rest has to wait.
        """
        after = None
        while batch := await self._store.open_orders(after=after, limit=_AT_ONCE):
            after = batch[-1]
            due = [order for order in batch if self._is_due(order)]
            got_on = await self._take_up(due)
            if due and not got_on and self._clock() - after.open_time < GIVEN_UP_AFTER:
                # Inventory is silent, and those that follow have time left.
                break
        await self._customers.finish_closings()

    def _is_due(self, order: OpenOrder) -> bool:
        # Also due if open_time is ahead of the clock: the clock was set back.
        return abs(self._clock() - order.open_time) >= TAKEN_UP_AFTER

    async def _take_up(self, batch: Sequence[OpenOrder]) -> bool:
        """Returns whether anything got on. Only a store that is away stops more than one order."""
        outcomes = await asyncio.gather(
            *(self._finish(order.order_id) for order in batch), return_exceptions=True
        )
        for order, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, StoreUnavailable):
                raise outcome
            if isinstance(outcome, BaseException):
                self._report(order.order_id, outcome)
        return any(outcome is True for outcome in outcomes)

    async def _finish(self, order_id: str) -> bool:
        history = await self._journal.find(order_id)
        if history is None:
            return False
        with self._continue_trace(history.envelopes[-1].trace):
            return await self._go_on(history)

    async def _go_on(self, history: History) -> bool:
        deadline = Deadline.within(_ATTEMPT_SECONDS + ANSWER_SECONDS)
        if not history.order.is_pending:
            await self._decisions.release_stock_if_ended(history, deadline=deadline)
            return True
        is_last_attempt = self._clock() - history.order.place_time >= GIVEN_UP_AFTER
        try:
            await self._decisions.decide(
                history, history.system_cause(), deadline=deadline, decided_later=True
            )
        except InventoryUnreachable:
            if is_last_attempt:
                await self._give_up(history)
            return False
        return True

    async def _give_up(self, history: History) -> None:
        unavailable = OrderRejected(RejectionReason.UNAVAILABLE, decided_later=True)
        # No time for the release: inventory was silent just now. The order stays open for it.
        no_time = Deadline.within(0)
        await self._decisions.reject(history, unavailable, history.system_cause(), deadline=no_time)
