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

_WAITING = (
    select(func.count())
    .select_from(stock)
    .where(stock.c.warehouse == feeds.c.warehouse, stock.c.epoch < feeds.c.epoch)
    .correlate(feeds)
    .scalar_subquery()
)
FEEDS = (
    select(warehouses.c.name, feeds, _WAITING.label("waiting_shelves"))
    .join_from(warehouses, feeds, feeds.c.warehouse == warehouses.c.name, isouter=True)
    .order_by(warehouses.c.name)
)
"""Every warehouse; those whose feed never began anew have nothing else."""


class SqlFeeds:
    """The port `Feeds` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self) -> Sequence[Feed]:
        async def work(session: sql.Session) -> Sequence[Feed]:
            return [_feed(row) for row in await session.execute(FEEDS)]

        with translated():
            return await self._reads(work)


def _feed(row: Any) -> Feed:
    if row.epoch is None:
        return Feed(row.name, FIRST_EPOCH, "system", "", None, 0)
    return Feed(row.name, row.epoch, row.actor, row.reason, row.start_time, row.waiting_shelves)
