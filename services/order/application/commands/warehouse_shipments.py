"""Orders of which the warehouse says that they have left."""

from collections.abc import Callable

from services.order.application.commands.deadline import Deadline
from services.order.application.commands.decisions import Decisions
from services.order.application.commands.orders import Orders
from services.order.application.journal import Cause, Journal
from services.order.domain.errors import OrderIsCancelled, OrderIsRejected, OrderNotFound

ReportOddity = Callable[[str, str], None]
"""Told the id of an order that has left although it should not have, and the reason why it should not."""

_DECISION_SECONDS = 3.0


class WarehouseShipments:
    """Records shipments that the warehouse reported first. Doing it again changes nothing."""

    def __init__(
        self, *, journal: Journal, decisions: Decisions, orders: Orders, report: ReportOddity
    ) -> None:
        self._journal = journal
        self._decisions = decisions
        self._orders = orders
        self._report = report

    async def record(self, order_id: str, cause: Cause) -> None:
        """Append OrderShipped; an order that was given up stays so, and is reported.

        Raises:
            InventoryUnreachable: The order is undecided, and cannot be decided now.
            ChangedMeanwhile: Others kept changing the order.
        """
        await self._decide(order_id)
        try:
            await self._orders.ship(order_id, cause)
        except (OrderIsCancelled, OrderIsRejected, OrderNotFound) as error:
            self._report(order_id, error.reason)

    async def _decide(self, order_id: str) -> None:
        """Finish what the placing process has left undone: its stock is kept already."""
        history = await self._journal.find(order_id)
        if history is not None and history.order.is_pending:
            deadline = Deadline.within(_DECISION_SECONDS)
            await self._decisions.decide(
                history, history.system_cause(), deadline=deadline, decided_later=True
            )
