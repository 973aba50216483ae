"""Stock for reading, in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from mesh.sql_reads import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import products, stock
from services.inventory.domain.stock import Shelf, Stock

KEYS_PER_STATEMENT = 199
"""Lists under 200 keys keep MariaDB on the index."""

_SHELF = (stock.c.warehouse, stock.c.book, stock.c.untold, stock.c.held, stock.c.committed, stock.c.version)
_PRICE = (products.c.currency_code, products.c.units, products.c.nanos, products.c.retired)


def _by_skus(*columns: Any) -> Select[Any]:
    return (
        select(products.c.sku, *columns)
        .select_from(products.outerjoin(stock, stock.c.sku == products.c.sku))
        .where(products.c.sku.in_(bindparam("skus", expanding=True)))
        .order_by(products.c.sku, stock.c.warehouse)
    )


_BY_SKUS = _by_skus(*_SHELF)
OFFERS_BY_SKUS = _by_skus(*_SHELF, *_PRICE)
"""Stock and price of SKUs; the first seven columns are what `stocks_of` takes."""


class SqlStockLevels:
    """The port `StockLevels` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        async def work(session: AsyncSession) -> Mapping[str, Stock]:
            return stocks_of([row async for rows in in_chunks(session, _BY_SKUS, skus) for row in rows])

        if not skus:
            return {}
        with translated():
            return await self._reads(work)


async def in_chunks(session: AsyncSession, statement: Any, skus: Sequence[str]) -> Any:
    """The rows for each chunk of SKUs, one statement per chunk."""
    for start in range(0, len(skus), KEYS_PER_STATEMENT):
        yield (await session.execute(statement, {"skus": skus[start : start + KEYS_PER_STATEMENT]})).all()


def stocks_of(rows: Iterable[Sequence[Any]]) -> dict[str, Stock]:
    """Group rows of (sku, shelf …), ordered by SKU and warehouse; one without shelves has a row of nulls."""
    shelves: dict[str, list[Shelf]] = {}
    for sku, warehouse, *numbers in rows:
        shelves.setdefault(sku, [])
        if warehouse is not None:
            shelves[sku].append(Shelf(warehouse, *numbers))
    return {sku: Stock(sku, tuple(each)) for sku, each in shelves.items()}
