"""Orders as their readers see them, folded from their streams."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.kernel.paging import page_size
from services.order.application.commands.changes import not_found
from services.order.application.journal import Journal, history_of
from services.order.application.ports import Changes, EventStore, Position, Selection
from services.order.application.queries.page_tokens import position_of, token_of
from services.order.application.sealing import Sealing
from services.order.domain.lines import ShippingAddress
from services.order.domain.order import Order


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its personal data; without it once the customer was erased."""

    order: Order
    shipping_address: ShippingAddress | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of orders, and where the next one starts; empty on the last."""

    orders: tuple[OrderView, ...]
    next_page_token: str


class OrderViews:
    """Reads orders."""

    def __init__(self, *, journal: Journal, store: EventStore, sealing: Sealing, changes: Changes) -> None:
        self._journal = journal
        self._store = store
        self._sealing = sealing
        self._changes = changes

    async def view(self, order: Order) -> OrderView:
        return OrderView(order, await self._sealing.address_of(order))

    async def get(self, order_id: str, *, customer_id: str | None) -> OrderView:
        """One order of a customer; None: of anybody.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
        """
        history = await self._journal.find(order_id)
        if history is None or customer_id not in (None, history.order.customer_id):
            raise not_found(order_id)
        return await self.view(history.order)

    async def newest(self, customer_id: str, *, requested_size: int, page_token: str) -> Page:
        """A customer's orders, newest first.

        Raises:
            InvalidPageToken: The token is not of this list.
        """
        selection, wanted = Selection(customer_id), page_size(requested_size)
        after = position_of(page_token, filters=selection)
        streams = await self._store.newest(selection, after=after, limit=wanted + 1)
        orders = [history_of(stream).order for stream in streams[:wanted]]
        views = tuple([await self.view(order) for order in orders])
        if len(streams) <= wanted:
            return Page(views, "")
        last = Position(orders[-1].place_time, orders[-1].order_id)
        return Page(views, token_of(last, filters=selection))

    def watch(self, view: OrderView) -> AsyncIterator[OrderView]:
        """The order as it is now, and again after each change; ends when nothing more can happen."""
        return self._watch(view)

    async def _watch(self, view: OrderView) -> AsyncIterator[OrderView]:
        yield view
        seen = 0
        while not view.order.state.is_final:
            seen = await self._changes.wait_for_change(seen)
            now = await self.get(view.order.order_id, customer_id=view.order.customer_id)
            if now.order.version > view.order.version:
                view = now
                yield view
