"""The feeds of warehouses, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from mesh import sql
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import feeds, stock, warehouses
from services.inventory.domain.feed import Feed
from services.inventory.domain.wms_update import FIRST_EPOCH

_FEEDS = (
    select(warehouses.c.name, feeds)
    .join_from(warehouses, feeds, feeds.c.warehouse == warehouses.c.name, isouter=True)
    .order_by(warehouses.c.name)
)
# Of feeds that began anew only: the shelves of all others are where their feed is.
_WAITING = (
    select(stock.c.warehouse, func.count().label("shelves"))
    .join_from(feeds, stock, stock.c.warehouse == feeds.c.warehouse)
    .where(stock.c.epoch < feeds.c.epoch)
    .group_by(stock.c.warehouse)
)


class SqlFeeds:
    """The port `Feeds` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self) -> Sequence[Feed]:
        async def work(session: sql.Session) -> Sequence[Feed]:
            waiting = {row.warehouse: row.shelves for row in await session.execute(_WAITING)}
            return [_feed(row, waiting.get(row.name, 0)) for row in await session.execute(_FEEDS)]

        with translated():
            return await self._reads(work)


def _feed(row: Any, waiting: int) -> Feed:
    if row.epoch is None:
        return Feed(row.name, FIRST_EPOCH, "system", "", None, 0)
    return Feed(row.name, row.epoch, row.actor, row.reason, row.start_time, waiting)
