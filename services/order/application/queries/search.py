"""Finding orders of all customers in the index, and keeping the index up with the events."""

from collections.abc import Collection, Iterable, Sequence

from services.kernel.paging import page_size
from services.order.application.journal import history_of
from services.order.application.ports import EventStore, OrderIndex, OrderRow, Position, Search
from services.order.application.queries.order_views import OrderViews, Page
from services.order.application.queries.page_tokens import position_of, token_of
from services.order.application.queries.search_rows import folded_row
from services.order.domain.order import Order


class OrderSearch:
    """Finds in the index, and answers with what the events say."""

    def __init__(self, *, index: OrderIndex, store: EventStore, views: OrderViews) -> None:
        self._index = index
        self._store = store
        self._views = views

    async def find(self, search: Search, *, requested_size: int, page_token: str) -> Page:
        """Orders that match, newest first; a page may hold fewer than asked for while more follow.

        Raises:
            InvalidPageToken: The token is not of this query.
        """
        after, wanted = position_of(page_token, filters=search), page_size(requested_size)
        rows = await self._index.find(search, after=after, limit=wanted + 1)
        page = rows[:wanted]
        streams = {each.order_id: each for each in await self._store.several([row.order_id for row in page])}
        orders = [history_of(streams[row.order_id]).order for row in page if row.order_id in streams]
        # The index is a moment behind: what has changed since is not shown as what it was.
        views = [await self._views.view(order) for order in orders if _matches(search, order)]
        if len(rows) <= wanted:
            return Page(tuple(views), "")
        last = Position(page[-1].place_time, page[-1].order_id)
        return Page(tuple(views), token_of(last, filters=search))


class SearchProjection:
    """Brings the index's rows of single orders up to their events."""

    def __init__(self, *, index: OrderIndex, store: EventStore) -> None:
        self._index = index
        self._store = store

    async def project(self, order_ids: Collection[str]) -> list[str]:
        """Fold these orders anew and store their rows; repeating it changes nothing.

        Returns:
            The orders whose events make none: they are left as they were.
        """
        streams = await self._store.several(sorted(order_ids))
        rows, unreadable = folded((each.order_id, [event.body for event in each.events]) for each in streams)
        await self._index.upsert(rows)
        return unreadable


def folded(orders: Iterable[tuple[str, Sequence[bytes]]]) -> tuple[list[OrderRow], list[str]]:
    """The rows of orders, given their events' bytes, and the ids of those whose events make no order."""
    rows, unreadable = [], []
    for order_id, bodies in orders:
        try:
            rows.append(folded_row(order_id, bodies))
        except ValueError:
            unreadable.append(order_id)
    return rows, unreadable


def _matches(search: Search, order: Order) -> bool:
    return search.state in (None, order.state)
