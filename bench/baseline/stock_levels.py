"""Stock, read one SKU after the other."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import read
from services.inventory.adapters.tables import products, stock
from services.inventory.domain.stock import Shelf, Stock

_PRODUCT = select(products.c.sku).where(products.c.sku == bindparam("of_sku"))
_SHELVES = (
    select(
        stock.c.warehouse,
        stock.c.book_quantity,
        stock.c.unreported,
        stock.c.held,
        stock.c.committed,
        stock.c.version,
    )
    .where(stock.c.sku == bindparam("of_sku"))
    .order_by(stock.c.warehouse)
)


class OneByOneStockLevels:
    """The port `StockLevels` as an object-relational mapper with lazy relations would fill it."""

    def __init__(self, *, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        async with read(self._engine) as session:
            found = [await _find(session, sku) for sku in skus]
        return {stock.sku: stock for stock in found if stock is not None}


async def _find(session: sql.Session, sku: str) -> Stock | None:
    if (await session.execute(_PRODUCT, {"of_sku": sku})).first() is None:
        return None
    shelves = (await session.execute(_SHELVES, {"of_sku": sku})).all()
    return Stock(sku, tuple(Shelf(*row) for row in shelves))
