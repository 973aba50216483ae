"""Stock for reading, in SQL."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, select

from mesh import sql
from mesh.sql.prepared import Prepared
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import products, stock
from services.inventory.domain.stock import Shelf, Stock

KEYS_PER_STATEMENT = 199
"""Lists under 200 keys keep MariaDB on the index."""

_SHELF = (
    stock.c.warehouse,
    stock.c.book_quantity,
    stock.c.unreported,
    stock.c.held,
    stock.c.committed,
    stock.c.version,
)
_PRICE = (products.c.currency_code, products.c.units, products.c.nanos, products.c.retired)


def _by_skus(which: ColumnElement[bool], *columns: Any) -> Select[Any]:
    return (
        select(products.c.sku, *columns)
        .select_from(products.outerjoin(stock, stock.c.sku == products.c.sku))
        .where(which)
        .order_by(products.c.sku, stock.c.warehouse)
    )


def among(count: int) -> ColumnElement[bool]:
    """Products of so many SKUs: the parameters `sku0`, `sku1` and so on."""
    return products.c.sku.in_([bindparam(f"sku{number}") for number in range(count)])


@cache
def offers_by_skus(count: int) -> Prepared:
    """Stock and price of so many SKUs; the first seven columns are what `stocks_of` takes."""
    return Prepared(_by_skus(among(count), *_SHELF, *_PRICE))


class SqlStockLevels:
    """The port `StockLevels` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        found: dict[str, Stock] = {}
        with translated():
            for some in _chunks(skus):
                found |= stocks_of(await self._reads.fetch(_by_count(len(some)), some))
        return found


@cache
def _by_count(count: int) -> Prepared:
    """The question for so many SKUs."""
    return Prepared(_by_skus(among(count), *_SHELF))


async def rows_of(
    session: sql.Session, statement: Callable[[int], Prepared], skus: Sequence[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of SKUs, in one statement for each chunk of them.

    Args:
        session: Where.
        statement: Asks for so many SKUs; see `among`.
        skus: Of any number.
    """
    rows: list[Row[*tuple[Any, ...]]] = []
    for some in _chunks(skus):
        wanted = {f"sku{number}": sku for number, sku in enumerate(some)}
        rows += (await session.execute(statement(len(some)), wanted)).all()
    return rows


def _chunks(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    return (skus[start : start + KEYS_PER_STATEMENT] for start in range(0, len(skus), KEYS_PER_STATEMENT))


def stocks_of(rows: Iterable[Sequence[Any]]) -> dict[str, Stock]:
    """Group rows of (sku, shelf …), ordered by SKU and warehouse; one without shelves has a row of nulls."""
    shelves: dict[str, list[Shelf]] = {}
    for row in rows:
        own = shelves.get(row[0])
        if own is None:
            own = shelves[row[0]] = []
        if row[1] is not None:
            own.append(Shelf._make(row[1:7]))
    return {sku: Stock(sku, tuple(each)) for sku, each in shelves.items()}
