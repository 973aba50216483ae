"""Orders as their readers see them, folded from their streams."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from services.kernel.paging import InvalidPageToken, decode_page_token, encode_page_token, page_size
from services.order.application.journal import Journal, history_of
from services.order.application.orders import not_found
from services.order.application.ports import Changes, EventStore, Position, Selection
from services.order.application.sealing import Sealing
from services.order.domain.lines import ShippingAddress
from services.order.domain.order import Order, OrderState

_SEARCH_PAGE = 200
# A search that finds little goes on with the next page's token rather than past its deadline.
_MOST_SEARCHED = 5_000


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


@dataclass(frozen=True, slots=True)
class Search:
    """Which orders to find; None: any."""

    selection: Selection
    state: OrderState | None = None
    sku: str | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether something is asked for that no index knows."""
        return self.state is not None or self.sku is not None

    def matches(self, order: Order) -> bool:
        return (self.state is None or order.state is self.state) and (
            self.sku is None or any(line.sku == self.sku for line in order.lines)
        )


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
        return await self.search(
            Search(Selection(customer_id)), requested_size=requested_size, page_token=page_token
        )

    async def search(self, search: Search, *, requested_size: int, page_token: str) -> Page:
        """Orders that match, newest first; a page may hold fewer than asked for while more follow.

        Raises:
            InvalidPageToken: The token is not of this query.
        """
        after = _position(page_token, search) if page_token else None
        wanted, searched = page_size(requested_size), 0
        found: list[Order] = []
        async with aclosing(self._selected(search, after, wanted)) as candidates:
            async for order in candidates:
                if len(found) == wanted or searched == _MOST_SEARCHED:
                    return await self._page(found, after, search)
                searched += 1
                after = Position(order.place_time, order.order_id)
                if search.matches(order):
                    found.append(order)
        return await self._page(found, None, search)

    def watch(self, view: OrderView) -> AsyncIterator[OrderView]:
        """The order as it is now, and again after each change; ends when nothing more can happen."""
        return self._watch(view)

    async def _watch(self, view: OrderView) -> AsyncIterator[OrderView]:
        yield view
        seen = 0
        while not view.order.state.is_final:
            seen = await self._changes.wait_past(seen)
            now = await self.get(view.order.order_id, customer_id=view.order.customer_id)
            if now.order.version > view.order.version:
                view = now
                yield view

    async def _selected(
        self, search: Search, after: Position | None, wanted: int
    ) -> AsyncGenerator[Order, None]:
        limit = _SEARCH_PAGE if search.is_filtered else wanted + 1
        while True:
            streams = await self._store.newest(search.selection, after=after, limit=limit)
            for stream in streams:
                order = history_of(stream).order
                after = Position(order.place_time, order.order_id)
                yield order
            if len(streams) < limit:
                return

    async def _page(self, found: Sequence[Order], after: Position | None, search: Search) -> Page:
        views = tuple([await self.view(order) for order in found])
        return Page(views, "" if after is None else _token(after, search))


def _token(position: Position, search: Search) -> str:
    return encode_page_token(f"{position.place_time.isoformat()} {position.order_id}", filters=repr(search))


def _position(token: str, search: Search) -> Position:
    time, _, order_id = decode_page_token(token, filters=repr(search)).partition(" ")
    try:
        return Position(datetime.fromisoformat(time).astimezone(UTC), order_id)
    except ValueError:
        problem = "is not a token that this service made"
        raise InvalidPageToken(f"pageToken {problem}", fields=[("pageToken", problem)]) from None
