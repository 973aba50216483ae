"""Steps 2 to 4 of an order's way: reserve, commit, confirm; or reject, and give the stock back.

Every step is idempotent by order id, so a process that finds an order half-way repeats
them all: the call that places it, or the process manager of any worker. The
appended event decides. The loser of an append reads the winner and acts on that.
"""

from collections.abc import Sequence

from services.kernel.money import MixedCurrencies, Money
from services.order.application.commands.deadline import Deadline
from services.order.application.journal import Cause, History, Journal, caused_by
from services.order.application.ports import (
    EventStore,
    Failpoint,
    Inventory,
    InventoryUnreachable,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
    VersionTaken,
)
from services.order.domain.events import LinePieces, OrderEvent, OrderRejected, RejectionReason, ShortLine
from services.order.domain.pricing import order_total

_RESERVE_ATTEMPTS = 3


class Decisions:
    """Decides PENDING orders and clears up after those that will not be delivered."""

    def __init__(
        self, *, journal: Journal, store: EventStore, inventory: Inventory, reached: Failpoint
    ) -> None:
        self._journal = journal
        self._store = store
        self._inventory = inventory
        self._reached = reached

    async def decide(
        self, history: History, cause: Cause, *, deadline: Deadline, decided_later: bool = False
    ) -> History:
        """Bring a PENDING order to its decision, its own or a concurrent one.

        `decided_later` says that no caller waits, so that a rejection has to be mailed.

        Raises:
            InventoryUnreachable: The order is still PENDING; do it again.
        """
        event = await self._outcome(history, deadline, decided_later=decided_later)
        if event is None:
            return await self._act_on_stored_decision(history, deadline, decided_later=decided_later)
        if isinstance(event, OrderRejected):
            return await self.reject(history, event, cause, deadline=deadline)
        return await self._confirm(history, event, cause, deadline=deadline)

    async def reject(
        self, history: History, event: OrderRejected, cause: Cause, *, deadline: Deadline
    ) -> History:
        """Reject the order unless somebody has decided otherwise, then give its stock back."""
        return await self.release_stock_if_ended(
            await self._appended(history, event, cause), deadline=deadline
        )

    async def release_stock_if_ended(self, history: History, *, deadline: Deadline) -> History:
        """Do what follows from a decision: release the stock of an order that will not be delivered.

        Inventory being silent changes nothing for the caller: the order stays
        marked open, and the process manager releases later.
        """
        order = history.order
        if order.gives_stock_back:
            try:
                shipped = [LinePieces(each.line.sku, each.shipped) for each in order.progress if each.shipped]
                await self._inventory.release(order.order_id, shipped, timeout_seconds=deadline.for_calls())
            except InventoryUnreachable:
                return history
        if not order.is_pending:
            await self._store.mark_closed(order.order_id, order.version)
        return history

    async def _confirm(
        self, history: History, event: OrderEvent, cause: Cause, *, deadline: Deadline
    ) -> History:
        decided = await self._appended(history, event, cause)
        self._reached("order_confirmed")
        if decided.order.gives_stock_back:
            return await self.release_stock_if_ended(decided, deadline=deadline)
        return decided

    async def _appended(self, history: History, event: OrderEvent, cause: Cause) -> History:
        try:
            return await self._journal.append(history, event, caused_by(cause, history))
        except VersionTaken:
            return await self._now(history)

    async def _outcome(
        self, history: History, deadline: Deadline, *, decided_later: bool
    ) -> OrderEvent | None:
        """What the order's decision is; None when its stock was released already: somebody has decided."""
        for _ in range(_RESERVE_ATTEMPTS):
            try:
                return await self._reserve_and_commit(history, deadline, decided_later=decided_later)
            except ReservationGone:
                continue
            except ReservationRefused:
                return None
        raise InventoryUnreachable("the hold expired again and again before it was committed")

    async def _reserve_and_commit(
        self, history: History, deadline: Deadline, *, decided_later: bool
    ) -> OrderEvent:
        order = history.order
        answer = await self._inventory.reserve(
            order.order_id, order.lines, timeout_seconds=deadline.for_calls()
        )
        self._reached("stock_reserved")
        match answer:
            case Shortfalls(lines):
                return _short(lines, decided_later=decided_later)
            case Reserved(unit_prices):
                rejection = _price_rejection(history, unit_prices, decided_later=decided_later)
                if rejection is not None:
                    return rejection
                await self._inventory.commit(order.order_id, timeout_seconds=deadline.for_calls())
                self._reached("reservation_committed")
                return order.confirm(unit_prices)

    async def _act_on_stored_decision(
        self, history: History, deadline: Deadline, *, decided_later: bool
    ) -> History:
        now = await self._now(history)
        if now.order.is_pending:
            # Someone else released the reservation; it cannot be made again, so reject the order.
            unavailable = OrderRejected(RejectionReason.UNAVAILABLE, decided_later=decided_later)
            return await self.reject(now, unavailable, now.system_cause(), deadline=deadline)
        return await self.release_stock_if_ended(now, deadline=deadline)

    async def _now(self, history: History) -> History:
        now = await self._journal.find(history.order.order_id)
        return history if now is None else now


def _short(shortfalls: Sequence[Shortfall], *, decided_later: bool) -> OrderRejected:
    all_unknown = all(line.unknown for line in shortfalls)
    return OrderRejected(
        reason=RejectionReason.UNKNOWN_SKU if all_unknown else RejectionReason.OUT_OF_STOCK,
        lines=tuple(ShortLine(line.sku, line.requested, line.available) for line in shortfalls),
        decided_later=decided_later,
    )


def _price_rejection(
    history: History, unit_prices: Sequence[Money], *, decided_later: bool
) -> OrderRejected | None:
    order = history.order
    expected = order.placed.expected_total
    try:
        current = order_total(order.lines, unit_prices)
    except MixedCurrencies:
        return OrderRejected(RejectionReason.UNAVAILABLE, decided_later=decided_later)
    if expected is None or expected == current:
        return None
    return OrderRejected(RejectionReason.PRICE_CHANGED, current_total=current, decided_later=decided_later)
