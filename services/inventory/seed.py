"""Fills a shop with the demo catalogue: `python -m services.inventory.seed`. Repeating it changes nothing."""

import asyncio
import os
import sys
from collections.abc import Iterator

from mesh.concurrency.task_group import Tasks
from mesh.settings import MeshSettings
from mesh.sql.replicas import PrimaryReads
from services.inventory.adapters.catalog_sql import SqlCatalog
from services.inventory.adapters.ledgers_sql import SqlLedgers
from services.inventory.adapters.stock_sql import SqlStockLevels
from services.inventory.application.ports import Ledger
from services.inventory.application.products import Products
from services.inventory.application.stocks import Stocks
from services.inventory.config import Settings
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.product import Product
from services.inventory.seed_products import CURRENCY, WAREHOUSES, SeedProduct, seed_products
from services.inventory.server import open_database
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7
from services.kernel.money import Money

_ACTOR = "system"


async def seed(settings: Settings) -> int:
    """Add what is missing of the demo catalogue.

    Returns:
        How many products it has.
    """
    catalogue = tuple(seed_products())
    async with open_database(settings) as engine, Tasks() as tasks:
        catalog = SqlCatalog(engine=engine, reads=PrimaryReads(engine))
        ledgers = SqlLedgers(
            engine=engine, clock=system_clock, new_id=uuid7, committed=_no_listener, tasks=tasks
        )
        products = Products(catalog=catalog, clock=system_clock)
        stocks = Stocks(
            levels=SqlStockLevels(reads=PrimaryReads(engine)), ledgers=ledgers, clock=system_clock
        )
        await ledgers.write(_open_warehouses)
        present = await catalog.find([each.sku for each in catalogue])
        for each in catalogue:
            if each.sku not in present:
                await products.create(_product(each), actor=_ACTOR)
            for command in _deliveries(each):
                await stocks.adjust(command, actor=_ACTOR)
    return len(catalogue)


async def _open_warehouses(ledger: Ledger) -> None:
    for warehouse in WAREHOUSES:
        await ledger.open_warehouse(warehouse)


def _product(each: SeedProduct) -> Product:
    units, cents = divmod(each.cents, 100)
    return Product(
        sku=each.sku,
        name=each.name,
        description=each.description,
        category=each.category,
        price=Money(CURRENCY, units, cents * 10_000_000),
        image_url="",
        retired=False,
        update_time=system_clock(),
    )


def _deliveries(each: SeedProduct) -> Iterator[AdjustStock]:
    for warehouse, pieces in zip(WAREHOUSES, each.pieces, strict=True):
        if pieces:
            request_id = f"seed-{each.sku}-{warehouse}"
            yield AdjustStock(_ACTOR, request_id, each.sku, warehouse, pieces, "first delivery")


def _no_listener() -> None:
    return


def main() -> None:
    """Seed the database of this mesh's home."""
    settings = Settings.of(MeshSettings.from_environ(os.environ))
    count = asyncio.run(seed(settings))
    sys.stdout.write(f"The catalogue has the {count} demo products.\n")


if __name__ == "__main__":
    main()
