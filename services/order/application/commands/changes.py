"""Changing an order that is there, against others who change it at the same time."""

from collections.abc import Callable

from services.order.application.journal import Cause, History, Journal
from services.order.application.ports import VersionTaken
from services.order.domain.errors import ChangedMeanwhile, OrderNotFound
from services.order.domain.events import OrderEvent
from services.order.domain.order import Order

_ATTEMPTS = 8

Command = Callable[[Order], tuple[OrderEvent, ...]]


class OrderChanges:
    """Appends what a command says to an order; who loses an append decides again on what the winner left."""

    def __init__(self, *, journal: Journal) -> None:
        self._journal = journal

    async def change(
        self, order_id: str, command: Command, cause: Cause, *, customer_id: str | None = None
    ) -> History:
        """Carry a command out.

        Raises:
            OrderNotFound: There is no such order, or it is not this customer's.
            ChangedMeanwhile: Others kept changing it.
        """
        for _ in range(_ATTEMPTS):
            history = await self.existing(order_id, customer_id=customer_id)
            try:
                for event in command(history.order):
                    history = await self._journal.append(history, event, cause)
            except VersionTaken:
                continue
            return history
        raise ChangedMeanwhile(f"order {order_id} kept changing; try again", retry_after_seconds=0.1)

    async def existing(self, order_id: str, *, customer_id: str | None = None) -> History:
        """An order's history.

        Raises:
            OrderNotFound: There is none, or it is not this customer's.
        """
        history = await self._journal.find(order_id)
        if history is None or customer_id not in (None, history.order.customer_id):
            raise not_found(order_id)
        return history


def not_found(order_id: str) -> OrderNotFound:
    return OrderNotFound(f"there is no order {order_id}")
