"""A shop of any size for measuring: every SKU in two warehouses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.sql import write
from services.inventory.adapters.tables import product_changes, products, stock, warehouses
from services.inventory.config import Settings
from services.inventory.server import open_database

WAREHOUSES = ("berlin", "hamburg")
PIECES = 1_000_000
_ROWS_PER_STATEMENT = 10_000
_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def sku(number: int) -> str:
    return f"SKU-{number:08d}"


def skus(count: int, *, first: int = 0) -> list[str]:
    """Neighbouring SKUs."""
    return [sku(number) for number in range(first, first + count)]


async def make_shop(url: str, count: int, *, pieces: int = PIECES) -> None:
    """Make a database with so many SKUs, each with so many pieces in both warehouses."""
    async with open_database(Settings(database_url=url)) as engine:
        await _fill(engine, count, pieces)


async def _fill(engine: AsyncEngine, count: int, pieces: int) -> None:
    async with write(engine) as session:
        await session.execute(insert(warehouses), [{"name": name} for name in WAREHOUSES])
    for first in range(0, count, _ROWS_PER_STATEMENT):
        numbers = range(first, min(first + _ROWS_PER_STATEMENT, count))
        async with write(engine) as session:
            await session.execute(insert(products), [_product(sku(number)) for number in numbers])
            await session.execute(insert(product_changes), [_creation(sku(number)) for number in numbers])
            await session.execute(
                insert(stock), [row for number in numbers for row in _shelves(number, pieces)]
            )


def _product(name: str) -> dict[str, Any]:
    return {
        "sku": name,
        "name": name,
        "description": "",
        "category": "kitchen",
        "currency_code": "EUR",
        "units": 12,
        "nanos": 900_000_000,
        "image_url": "",
        "retired": False,
        "update_time": _TIME,
        "name_key": name.casefold(),
        "search_text": name.casefold(),
    }


def _creation(name: str) -> dict[str, Any]:
    return {"sku": name, "what": "created", "actor": "bench", "time": _TIME}


def _shelves(number: int, pieces: int) -> Sequence[dict[str, Any]]:
    empty = {"unreported": 0, "held": 0, "committed": 0, "version": 1, "sequence": 0}
    return [{"sku": sku(number), "warehouse": name, "book_quantity": pieces, **empty} for name in WAREHOUSES]
