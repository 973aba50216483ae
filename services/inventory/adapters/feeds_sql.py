"""The feeds of warehouses, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from mesh import sql
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import feeds, stock, warehouses
from services.inventory.domain.feed import Feed, ShelfStory
from services.inventory.domain.stock import Shelf
from services.inventory.domain.wms_update import FIRST_EPOCH, MANY_REFUSALS, FeedPosition

_COUNTED = select(func.count()).select_from(stock)
_WAITING = (
    _COUNTED.where(stock.c.warehouse == feeds.c.warehouse, stock.c.epoch < feeds.c.epoch)
    .correlate(feeds)
    .scalar_subquery()
)
_REFUSING = (
    _COUNTED.where(stock.c.refusals >= MANY_REFUSALS, stock.c.warehouse == warehouses.c.name)
    .correlate(warehouses)
    .scalar_subquery()
)
REFUSING = _COUNTED.where(stock.c.refusals >= MANY_REFUSALS)
FEEDS = (
    select(warehouses.c.name, feeds, _WAITING.label("waiting_shelves"), _REFUSING.label("refusing_shelves"))
    .join_from(warehouses, feeds, feeds.c.warehouse == warehouses.c.name, isouter=True)
    .order_by(warehouses.c.name)
)
"""Every warehouse; those whose feed was never restarted have nothing else."""


SHELVES = (
    select(stock, func.coalesce(feeds.c.epoch, FIRST_EPOCH).label("current_epoch"))
    .join_from(stock, feeds, feeds.c.warehouse == stock.c.warehouse, isouter=True)
    .order_by(stock.c.warehouse)
)


class SqlFeeds:
    """The port `Feeds` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self) -> Sequence[Feed]:
        async def work(session: sql.Session) -> Sequence[Feed]:
            return [_feed(row) for row in await session.execute(FEEDS)]

        with translated():
            return await self._reads(work)

    async def shelves(self, sku: str) -> Sequence[ShelfStory]:
        async def work(session: sql.Session) -> Sequence[ShelfStory]:
            return [_story(row) for row in await session.execute(SHELVES.where(stock.c.sku == sku))]

        with translated():
            return await self._reads(work)

    async def refusing_shelves(self) -> int:
        async def work(session: sql.Session) -> int:
            return int(await session.scalar(REFUSING) or 0)

        with translated():
            return await self._reads(work)


def _story(row: Any) -> ShelfStory:
    shelf = Shelf(
        row.warehouse, row.book_quantity, row.unreported, row.held, row.committed, version=row.version
    )
    return ShelfStory(shelf, FeedPosition(row.current_epoch, row.epoch, row.sequence), row.refusals)


def _feed(row: Any) -> Feed:
    if row.epoch is None:
        return Feed(row.name, FIRST_EPOCH, "system", "", None, 0, row.refusing_shelves)
    return Feed(
        row.name,
        row.epoch,
        row.actor,
        row.reason,
        row.start_time,
        row.waiting_shelves,
        row.refusing_shelves,
    )
