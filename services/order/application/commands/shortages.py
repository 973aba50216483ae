"""Orders that cannot all be delivered: the newest give way until there is enough for the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.order.application.commands.deadline import Deadline
from services.order.application.commands.orders import Orders
from services.order.application.journal import Cause, Journal
from services.order.domain.errors import OrderAlreadyShipped, OrderIsRejected
from services.order.domain.order import Order, OrderState

_RELEASE_SECONDS = 3.0
_GIVING_WAY = (OrderState.PENDING, OrderState.CONFIRMED, OrderState.PARTIALLY_SHIPPED)
"""Undecided orders first; of part-shipped ones the whole remainder."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Pieces that are reserved for an order where some are missing."""

    order_id: str
    quantity: int


class Shortages:
    """Cancels what cannot be delivered. Doing it again cancels nothing more."""

    def __init__(self, *, journal: Journal, orders: Orders) -> None:
        self._journal = journal
        self._orders = orders

    async def resolve(self, missing: int, claims: Iterable[Claim], cause: Cause) -> int:
        """Cancel the newest unshipped orders until their pieces make up for what is missing.

        Orders that were given up meanwhile count: their pieces were released, or will be.

        Args:
            missing: How many pieces.
            claims: Who has reserved pieces there.
            cause: The event that reported the shortage.

        Returns:
            How many pieces are missing still; inventory reports them again.

        Raises:
            ChangedMeanwhile: Others kept changing an order.
        """
        pieces = {claim.order_id: claim.quantity for claim in claims}
        orders = [order for order_id in pieces if (order := await self._find(order_id)) is not None]
        missing -= sum(pieces[order.order_id] for order in orders if order.gives_stock_back)
        for order in sorted(_cancellable(orders), key=_age):
            if missing <= 0:
                break
            if await self._cancel(order.order_id, cause):
                missing -= pieces[order.order_id]
        return max(0, missing)

    async def _find(self, order_id: str) -> Order | None:
        history = await self._journal.find(order_id)
        return None if history is None else history.order

    async def _cancel(self, order_id: str, cause: Cause) -> bool:
        """Whether its pieces are free: a concurrent command may have shipped it."""
        deadline = Deadline.within(_RELEASE_SECONDS)
        try:
            await self._orders.give_up(order_id, cause, deadline=deadline)
        except OrderAlreadyShipped:
            return False
        except OrderIsRejected:
            return True
        return True


def _cancellable(orders: Sequence[Order]) -> Iterable[Order]:
    return (order for order in orders if order.state in _GIVING_WAY)


def _age(order: Order) -> tuple[int, float, str]:
    """By their state, then the newest."""
    return _GIVING_WAY.index(order.state), -order.place_time.timestamp(), order.order_id
