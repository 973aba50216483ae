"""The prices that products have had, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from mesh import sql
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import money_of, price_history, product_changes
from services.inventory.domain.product import PriceEntry

_PRICES = (
    select(
        price_history.c.change_id,
        price_history.c.currency_code,
        price_history.c.units,
        price_history.c.nanos,
        price_history.c.start_time,
        product_changes.c.actor,
    )
    .join_from(price_history, product_changes, product_changes.c.id == price_history.c.change_id)
    .order_by(price_history.c.change_id.desc())
)


class SqlPriceHistory:
    """The port `PriceHistory` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self, sku: str, *, limit: int, before: int | None) -> Sequence[PriceEntry]:
        statement = _PRICES.where(price_history.c.sku == sku).limit(limit)
        if before is not None:
            statement = statement.where(price_history.c.change_id < before)

        async def work(session: sql.Session) -> Sequence[PriceEntry]:
            return [_entry(row) for row in await session.execute(statement)]

        with translated():
            return await self._reads(work)


def _entry(row: Any) -> PriceEntry:
    return PriceEntry(row.change_id, money_of(row), row.start_time, row.actor)
