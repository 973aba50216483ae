"""The catalogue in SQL."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mesh.consistency import note_write
from mesh.sql import position_of, write
from mesh.sql_reads import Reads
from services.inventory.adapters.money_sql import money_columns, money_of
from services.inventory.adapters.stock_sql import in_chunks
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import price_history, product_changes, products, stock
from services.inventory.application.ports import Page, ProductOrder, ProductQuery
from services.inventory.domain.errors import ProductExists, ProductNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Listing, Product

_free = stock.c.book - stock.c.untold - stock.c.held - stock.c.committed
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
_BY_SKUS = _listing.add_columns(_version.label("version")).where(
    products.c.sku.in_(bindparam("skus", expanding=True))
)
_TOO_BIG = 2**63
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
        async def work(session: AsyncSession) -> Mapping[str, Listing]:
            chunks = in_chunks(session, _BY_SKUS, skus)
            return {row.sku: _versioned(row) async for rows in chunks for row in rows}

        if not skus:
            return {}
        with translated():
            return await self._reads(work)

    async def page(self, query: ProductQuery, *, size: int, after: str | None) -> Page:
        statement = _matching(query).limit(size + 1)
        if after is not None:
            statement = statement.where(_behind(query, after))

        async def work(session: AsyncSession) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
            return rows

        with translated():
            rows = await self._reads(work)
        listings = tuple(_listing_of(row) for row in rows[:size])
        return Page(listings, _position(query.order, listings[-1].product) if len(rows) > size else None)

    async def add(self, product: Product, provenance: Provenance) -> None:
        try:
            with translated():
                async with write(self._engine) as session:
                    await session.execute(insert(products).values(**_columns(product)))
                    change_id = await _record_change(session, product, "created", provenance)
                    await _record_price(session, product, change_id, provenance)
        except IntegrityError:
            raise ProductExists(f"there is a product {product.sku} already") from None
        _note(session, change_id)

    async def change(self, sku: str, rule: Callable[[Product], Product], provenance: Provenance) -> Listing:
        with translated():
            async with write(self._engine) as session:
                old = await _product(session, sku)
                new = rule(old)
                change_id = await _store(session, old, new, provenance) if new != old else None
                listing = _versioned((await session.execute(_BY_SKUS, {"skus": [sku]})).one())
        if change_id is not None:
            _note(session, change_id)
        return listing


def _matching(query: ProductQuery) -> Select[Any]:
    columns = _SORT_COLUMNS[query.order]
    statement = _listing.where(products.c.retired.is_(False))
    if query.category:
        statement = statement.where(products.c.category == query.category)
    if query.words:
        statement = statement.where(
            and_(*(func.instr(products.c.search_text, word) > 0 for word in query.words))
        )
    return statement.order_by(*(column.desc() if query.descending else column.asc() for column in columns))


def _behind(query: ProductQuery, position: str) -> ColumnElement[bool]:
    columns = _SORT_COLUMNS[query.order]
    values = json.loads(position)
    # It comes from a token that callers could have made up.
    if not isinstance(values, list) or [_kind(value) for value in values] != [
        _python_type(each) for each in columns
    ]:
        raise ValueError(f"{position!r} is no position in the order of {query.order.value}")
    place = tuple_(*columns)
    return place < tuple_(*values) if query.descending else place > tuple_(*values)


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


def _python_type(column: ColumnElement[Any]) -> type:
    return column.type.python_type


async def _product(session: AsyncSession, sku: str) -> Product:
    row = (
        await session.execute(select(products).where(products.c.sku == sku).with_for_update())
    ).one_or_none()
    if row is None:
        raise ProductNotFound(f"there is no product {sku}")
    return _product_of(row)


async def _store(session: AsyncSession, old: Product, new: Product, provenance: Provenance) -> int:
    await session.execute(update(products).where(products.c.sku == new.sku).values(**_columns(new)))
    change_id = await _record_change(session, new, _difference(old, new), provenance)
    if new.price != old.price:
        await _record_price(session, new, change_id, provenance)
    return change_id


async def _record_change(session: AsyncSession, product: Product, what: str, provenance: Provenance) -> int:
    change = insert(product_changes).values(
        sku=product.sku, what=what, actor=provenance.actor, time=provenance.time
    )
    return int((await session.execute(change.returning(product_changes.c.id))).scalar_one())


async def _record_price(
    session: AsyncSession, product: Product, change_id: int, provenance: Provenance
) -> None:
    await session.execute(
        insert(price_history).values(
            change_id=change_id, sku=product.sku, start_time=provenance.time, **money_columns(product.price)
        )
    )


def _difference(old: Product, new: Product) -> str:
    fields = ("name", "description", "category", "price", "image_url", "retired")
    return ", ".join(field for field in fields if getattr(old, field) != getattr(new, field))


def _columns(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
        **money_columns(product.price),
        "image_url": product.image_url,
        "retired": product.retired,
        "update_time": product.update_time,
        "name_key": product.name.casefold(),
        "search_text": f"{product.name}\n{product.description}\n{product.sku}".casefold(),
    }


def _product_of(row: Row[Any]) -> Product:
    return Product(
        sku=row.sku,
        name=row.name,
        description=row.description,
        category=row.category,
        price=money_of(row),
        image_url=row.image_url,
        retired=row.retired,
        update_time=row.update_time,
    )


def _listing_of(row: Any) -> Listing:
    # Sums are decimals in MariaDB.
    return Listing(_product_of(row), int(row.available))


def _versioned(row: Any) -> Listing:
    return replace(_listing_of(row), version=int(row.version))


def _note(session: AsyncSession, change_id: int) -> None:
    note_write("inventory", position_of(session) or f"catalog:{change_id}")
