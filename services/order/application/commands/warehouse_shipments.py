"""Orders of which the warehouse says that they have left."""

from collections.abc import Callable

from services.order.application.commands.deadline import Deadline
from services.order.application.commands.decisions import Decisions
from services.order.application.commands.fulfilment import Fulfilment
from services.order.application.journal import Cause, Journal
from services.order.domain.errors import OrderIsCancelled, OrderIsRejected, OrderNotFound
from services.order.domain.events import LinePieces

ReportOddity = Callable[[str, str], None]
"""Gets the id of an order of which more has left than should have, and the reason why it should not."""

_DECISION_SECONDS = 3.0


class WarehouseShipments:
    """Records shipments that the warehouse reported first. Doing it again changes nothing."""

    def __init__(
        self, *, journal: Journal, decisions: Decisions, fulfilment: Fulfilment, report: ReportOddity
    ) -> None:
        self._journal = journal
        self._decisions = decisions
        self._fulfilment = fulfilment
        self._report = report

    async def record(self, order_id: str, line: LinePieces, shipment_id: str, cause: Cause) -> None:
        """Append what is news; what is more than the order has open is reported, and its state stays.

        Args:
            order_id: Which order.
            line: A SKU and all pieces of it that have left by now.
            shipment_id: The parcel.
            cause: The report.

        Raises:
            InventoryUnreachable: The order is undecided, and cannot be decided now.
            PartsNotReadable: Not everybody can read of part shipments yet.
            ChangedMeanwhile: Others kept changing the order.
        """
        await self._decide(order_id)
        try:
            order = await self._fulfilment.depart(order_id, line, shipment_id, cause)
        except OrderNotFound as error:
            self._report(order_id, error.reason)
            return
        shipped = sum(each.shipped for each in order.progress if each.line.sku == line.sku)
        if line.quantity > shipped:
            self._report(order_id, f"ORDER_{order.state.value}")

    async def record_whole(self, order_id: str, cause: Cause) -> None:
        """The same for a report of before part shipments: all that was open has left.

        Raises:
            InventoryUnreachable: The order is undecided, and cannot be decided now.
            ChangedMeanwhile: Others kept changing the order.
        """
        await self._decide(order_id)
        try:
            await self._fulfilment.ship_the_rest(order_id, cause)
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
