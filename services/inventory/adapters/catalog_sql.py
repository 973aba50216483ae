"""The catalogue in SQL."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import position_of, read, write, write_with_retry
from mesh.sql.consistency import note_write
from mesh.sql.replicas import Reads
from services.inventory.adapters.product_rows_sql import (
    locked_products,
    product_of,
    store_products,
    stored_products,
)
from services.inventory.adapters.stock_sql import among, rows_of
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import product_changes, products, stock
from services.inventory.domain.errors import CatalogContended, ProductExists, ProductNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Listing, Product
from services.inventory.domain.product_query import Page, ProductOrder, ProductQuery

_free = stock.c.book_quantity - stock.c.unreported - stock.c.held - stock.c.committed
_available = (
    select(func.coalesce(func.sum(case((_free > 0, _free), else_=0)), 0))
    .where(stock.c.sku == products.c.sku)
    .scalar_subquery()
)
_listing = select(
    products.c.sku,
    products.c.name,
    products.c.description,
    products.c.category,
    products.c.currency_code,
    products.c.units,
    products.c.nanos,
    products.c.image_url,
    products.c.retired,
    products.c.update_time,
    case((products.c.retired, 0), else_=_available).label("available"),
)
_version = (
    select(func.max(product_changes.c.id)).where(product_changes.c.sku == products.c.sku).scalar_subquery()
    + select(func.coalesce(func.sum(stock.c.version), 0))
    .where(stock.c.sku == products.c.sku)
    .scalar_subquery()
)


@cache
def _by_skus(count: int) -> sql.Prepared:
    return sql.Prepared(_listing.add_columns(_version.label("version")).where(among(count)))


_TOO_BIG = 2**63
_SHAPES = 256
"""How many kinds of questions for a page are kept compiled."""
_SORT_COLUMNS: Mapping[ProductOrder, tuple[ColumnElement[Any], ...]] = MappingProxyType(
    {
        ProductOrder.NAME: (products.c.name_key, products.c.sku),
        ProductOrder.PRICE: (products.c.units, products.c.nanos, products.c.sku),
        ProductOrder.SKU: (products.c.sku,),
    }
)


class SqlCatalog:
    """The port `Catalog` over SQL."""

    def __init__(self, *, engine: AsyncEngine, reads: Reads) -> None:
        """Bind the catalogue.

        Args:
            engine: The primary, for changes.
            reads: Where the rest is read.
        """
        self._engine = engine
        self._reads = reads

    async def find(self, skus: Sequence[str]) -> Mapping[str, Listing]:
        async def work(session: sql.Session) -> Mapping[str, Listing]:
            return {row.sku: _versioned(row) for row in await rows_of(session, _by_skus, skus)}

        if not skus:
            return {}
        with translated():
            return await self._reads(work)

    async def page(self, query: ProductQuery, *, size: int, after: str | None) -> Page:
        wanted = {"category": query.category, "limit": size + 1, **_numbered("word", query.words)}
        if after is not None:
            wanted |= _numbered("position", _values_of(query.order, after))
        statement = _page(
            query.order,
            descending=query.descending,
            in_category=bool(query.category),
            words=len(query.words),
            goes_on=after is not None,
        )

        async def work(session: sql.Session) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await session.execute(statement, wanted)).all()
            return rows

        with translated():
            rows = await self._reads(work)
        listings = tuple(_listing_of(row) for row in rows[:size])
        return Page(listings, _position(query.order, listings[-1].product) if len(rows) > size else None)

    async def add(self, product: Product, provenance: Provenance) -> None:
        try:
            with translated():
                async with write(self._engine) as session:
                    change_id = await store_products(session, {}, [product], provenance)
        except IntegrityError:
            raise ProductExists(f"there is a product {product.sku} already") from None
        _note(session, change_id)

    async def change(self, sku: str, rule: Callable[[Product], Product], provenance: Provenance) -> Listing:
        with translated():
            async with write(self._engine) as session:
                known = await locked_products(session, [sku])
                if sku not in known:
                    raise ProductNotFound(f"there is no product {sku}")
                change_id = await store_products(session, known, [rule(known[sku])], provenance)
                listing = _versioned((await session.execute(_by_skus(1), {"sku0": sku})).one())
        _note(session, change_id)
        return listing

    async def stored(self, skus: Sequence[str]) -> Mapping[str, Product]:
        with translated():
            async with read(self._engine) as session:
                return await stored_products(session, skus)

    async def put(
        self,
        skus: Sequence[str],
        rule: Callable[[Mapping[str, Product]], Sequence[Product]],
        provenance: Provenance,
    ) -> Mapping[str, Product]:
        async def work(session: sql.Session) -> tuple[Mapping[str, Product], sql.Session, int | None]:
            known = await locked_products(session, skus)
            return known, session, await store_products(session, known, rule(known), provenance)

        try:
            with translated():
                known, session, change_id = await write_with_retry(self._engine, work)
        except IntegrityError:
            raise CatalogContended("others added the same products meanwhile; try again") from None
        _note(session, change_id)
        return known


@lru_cache(_SHAPES)
def _page(
    order: ProductOrder, *, descending: bool, in_category: bool, words: int, goes_on: bool
) -> sql.Prepared:
    """The products on sale, at most `limit`: of a `category`, with `word0` …, behind `position0` …."""
    columns = _SORT_COLUMNS[order]
    statement = _listing.where(products.c.retired.is_(False)).limit(bindparam("limit"))
    if in_category:
        statement = statement.where(products.c.category == bindparam("category"))
    for number in range(words):
        word = bindparam(f"word{number}", type_=products.c.search_text.type)
        statement = statement.where(func.instr(products.c.search_text, word) > 0)
    if goes_on:
        place = tuple_(*columns)
        last = tuple_(*(bindparam(f"position{n}", type_=each.type) for n, each in enumerate(columns)))
        statement = statement.where(place < last if descending else place > last)
    return sql.Prepared(
        statement.order_by(*(column.desc() if descending else column.asc() for column in columns))
    )


def _values_of(order: ProductOrder, position: str) -> Sequence[Any]:
    """What the columns are at a position, which comes from a token that callers could have made up.

    Raises:
        ValueError: It is none.
    """
    values = json.loads(position)
    kinds = [column.type.python_type for column in _SORT_COLUMNS[order]]
    if not isinstance(values, list) or [_kind(value) for value in values] != kinds:
        raise ValueError(f"{position!r} is no position in the order of {order.value}")
    return values


def _numbered(name: str, values: Sequence[Any]) -> Mapping[str, Any]:
    return {f"{name}{number}": value for number, value in enumerate(values)}


def _position(order: ProductOrder, product: Product) -> str:
    match order:
        case ProductOrder.NAME:
            return json.dumps([product.name.casefold(), product.sku])
        case ProductOrder.PRICE:
            return json.dumps([product.price.units, product.price.nanos, product.sku])
        case ProductOrder.SKU:
            return json.dumps([product.sku])


def _kind(value: object) -> type | None:
    too_big = isinstance(value, int) and abs(value) >= _TOO_BIG
    return None if too_big else type(value)


def _listing_of(row: Any) -> Listing:
    # Sums are decimals in MariaDB.
    return Listing(product_of(row), int(row.available))


def _versioned(row: Any) -> Listing:
    return replace(_listing_of(row), version=int(row.version))


def _note(session: sql.Session, change_id: int | None) -> None:
    if change_id is not None:
        note_write("inventory", position_of(session) or f"catalog:{change_id}")
