"""Products and their changes as rows, in SQL."""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from mesh import sql
from services.inventory.adapters.stock_sql import among, rows_of
from services.inventory.adapters.tables import (
    money_columns,
    money_of,
    price_history,
    product_changes,
    products,
)
from services.inventory.domain.movement import Provenance
from services.inventory.domain.product import Product

_UPDATE = update(products).where(products.c.sku == bindparam("of_sku"))
_RECORD = insert(product_changes).returning(product_changes.c.id, product_changes.c.sku)
_FIELDS = ("name", "description", "category", "price", "image_url", "retired")


async def stored_products(session: sql.Session, skus: Sequence[str]) -> dict[str, Product]:
    """The products that exist."""
    return {row.sku: product_of(row) for row in await rows_of(session, _by_skus, skus)}


async def locked_products(session: sql.Session, skus: Sequence[str]) -> dict[str, Product]:
    """The products that exist; nobody else changes them until the end of the transaction."""
    return {row.sku: product_of(row) for row in await rows_of(session, _for_update, sorted(skus))}


async def store_products(
    session: sql.Session, known: Mapping[str, Product], new: Sequence[Product], provenance: Provenance
) -> int | None:
    """Write products, what changed of them, and their new prices.

    Args:
        session: The transaction.
        known: The products as they are; what is not there is created.
        new: As they are to be, each once.
        provenance: Who changes them.

    Returns:
        The id of the last change; None when there was none.
    """
    # In one order, so that writers wait for each other and do not deadlock.
    ordered = sorted(new, key=attrgetter("sku"))
    changes = [(known.get(product.sku), product) for product in ordered if product != known.get(product.sku)]
    if not changes:
        return None
    created = [_columns(product) for old, product in changes if old is None]
    updated = [_columns(product) | {"of_sku": product.sku} for old, product in changes if old is not None]
    if created:
        await session.execute(insert(products), created)
    if updated:
        await session.execute(_UPDATE, updated)
    return await _record(session, changes, provenance)


def product_of(row: Row[*tuple[Any, ...]]) -> Product:
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


@cache
def _by_skus(count: int) -> sql.Prepared:
    return sql.Prepared(select(products).where(among(count)))


@cache
def _for_update(count: int) -> sql.Prepared:
    return sql.Prepared(select(products).where(among(count)).order_by(products.c.sku).with_for_update())


async def _record(
    session: sql.Session, changes: Sequence[tuple[Product | None, Product]], provenance: Provenance
) -> int:
    said = {"actor": provenance.actor, "time": provenance.time}
    rows = [{"sku": new.sku, "what": _difference(old, new), **said} for old, new in changes]
    ids = {row.sku: row.id for row in await session.execute(_RECORD, rows)}
    prices = [
        {
            "change_id": ids[new.sku],
            "sku": new.sku,
            "start_time": provenance.time,
            **money_columns(new.price),
        }
        for old, new in changes
        if old is None or old.price != new.price
    ]
    if prices:
        await session.execute(insert(price_history), prices)
    return int(max(ids.values()))


def _difference(old: Product | None, new: Product) -> str:
    if old is None:
        return "created"
    return ", ".join(field for field in _FIELDS if getattr(old, field) != getattr(new, field))


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
