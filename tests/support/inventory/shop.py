"""A shop on a database, with what its use cases need, and a clock that a test can turn."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.concurrency.task_group import Tasks
from mesh.sql import Changes, changes_of, read, sqlite_url
from mesh.sql.replicas import PrimaryReads
from services.inventory.adapters.catalog_sql import SqlCatalog
from services.inventory.adapters.feeds_sql import SqlFeeds
from services.inventory.adapters.ledger_sql import SqlDueHolds
from services.inventory.adapters.ledgers_sql import SqlLedgers
from services.inventory.adapters.movements_sql import SqlMovements
from services.inventory.adapters.price_history_sql import SqlPriceHistory
from services.inventory.adapters.quarantine_sql import SqlQuarantine
from services.inventory.adapters.schema_sql import SCHEMA
from services.inventory.adapters.shortages_sql import SqlDueShortages
from services.inventory.adapters.stock_sql import SqlStockLevels
from services.inventory.adapters.tables import movements, stock
from services.inventory.application.expiry import Expiry
from services.inventory.application.feeds import WarehouseFeeds
from services.inventory.application.ports import Ledger
from services.inventory.application.products import Products
from services.inventory.application.quarantined_updates import QuarantinedUpdates
from services.inventory.application.reconciliation import Reconciliation
from services.inventory.application.reservations import Reservations
from services.inventory.application.shortages import Shortages
from services.inventory.application.stocks import Stocks
from services.inventory.application.wms_updates import WmsUpdates
from services.inventory.config import Settings
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.product import Product
from services.inventory.server import open_database
from services.kernel.ids import uuid7
from services.kernel.money import Money
from tests.support.events import MORNING
from tests.support.templates import copy_database

HOLD = timedelta(minutes=15)
STAFF = "staff:admin"
ORDER = "client:order"
WMS = "client:wms"
NUMBERS = ("book_quantity", "unreported", "held", "committed")


@dataclass(slots=True)
class TurnableClock:
    """Stands still until a test turns it on."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def turn_on(self, by: timedelta) -> None:
        self.now += by


@dataclass(frozen=True, slots=True)
class Shop:
    """The use cases of inventory over one database."""

    engine: AsyncEngine
    changes: Changes
    clock: TurnableClock
    catalog: SqlCatalog
    prices: SqlPriceHistory
    ledgers: SqlLedgers
    levels: SqlStockLevels
    products: Products
    movements: SqlMovements
    shelf_stories: SqlFeeds
    feeds: WarehouseFeeds
    stocks: Stocks
    reservations: Reservations
    expiry: Expiry
    wms: WmsUpdates
    quarantined: QuarantinedUpdates
    reconciliation: Reconciliation
    shortages: Shortages

    async def sell(self, sku: str, price: str = "12.90", **pieces: int) -> None:
        """Put a product into the catalogue, with pieces by warehouse."""
        await self.products.create(product(sku, price), actor=STAFF)
        for warehouse, count in pieces.items():
            if count:
                command = AdjustStock(STAFF, f"{sku}-{warehouse}", sku, warehouse, count, "delivery")
                await self.stocks.adjust(command, actor=STAFF)

    async def rows(self, table: Table) -> list[Row[Any]]:
        """Everything in a table, in the order of its key."""
        async with read(self.engine) as session:
            return list((await session.execute(select(table).order_by(*table.primary_key))).all())

    async def discrepancies(self) -> Mapping[tuple[str, str], str]:
        """Shelves whose numbers are not the sums of their movements; empty when the books are right."""
        sums = select(
            movements.c.sku,
            movements.c.warehouse,
            *(func.sum(movements.c[name]).label(name) for name in NUMBERS),
        ).group_by(movements.c.sku, movements.c.warehouse)
        async with read(self.engine) as session:
            moved = {(row.sku, row.warehouse): row[2:] for row in await session.execute(sums)}
            shelves = (await session.execute(select(stock))).all()
        actual = {(row.sku, row.warehouse): tuple(getattr(row, name) for name in NUMBERS) for row in shelves}
        return {
            place: f"{numbers} on the shelf, {moved.get(place)} moved"
            for place, numbers in actual.items()
            if moved.get(place, (0, 0, 0, 0)) != numbers
        }


def open_shop(path: Path) -> AbstractAsyncContextManager[Shop]:
    """A shop on a SQLite file."""
    if not path.exists():
        copy_database(SCHEMA, path)
    return open_shop_at(sqlite_url(path))


@asynccontextmanager
async def open_shop_at(database_url: str) -> AsyncIterator[Shop]:
    """A shop with two warehouses and nothing in them; several may be open on one database."""
    clock = TurnableClock()
    async with open_database(Settings(database_url)) as engine, Tasks() as tasks:
        changes = changes_of(engine)
        catalog = SqlCatalog(engine=engine, reads=PrimaryReads(engine))
        levels = SqlStockLevels(reads=PrimaryReads(engine))
        ledgers = SqlLedgers(engine=engine, clock=clock, new_id=uuid7, committed=changes.notify, tasks=tasks)
        reservations = Reservations(ledgers=ledgers, clock=clock, hold_seconds=HOLD.total_seconds())
        await ledgers.write(_open_warehouses)
        yield Shop(
            engine=engine,
            changes=changes,
            clock=clock,
            catalog=catalog,
            prices=SqlPriceHistory(reads=PrimaryReads(engine)),
            ledgers=ledgers,
            levels=levels,
            movements=SqlMovements(reads=PrimaryReads(engine)),
            shelf_stories=SqlFeeds(reads=PrimaryReads(engine)),
            feeds=WarehouseFeeds(ledgers=ledgers, feeds=SqlFeeds(reads=PrimaryReads(engine)), clock=clock),
            products=Products(catalog=catalog, clock=clock),
            stocks=Stocks(levels=levels, ledgers=ledgers, clock=clock),
            reservations=reservations,
            expiry=Expiry(reservations=reservations, holds=SqlDueHolds(engine=engine), clock=clock),
            wms=WmsUpdates(ledgers=ledgers, clock=clock),
            quarantined=QuarantinedUpdates(quarantine=SqlQuarantine(reads=PrimaryReads(engine))),
            reconciliation=Reconciliation(levels=levels, ledgers=ledgers, clock=clock, new_id=uuid7),
            shortages=Shortages(ledgers=ledgers, due=SqlDueShortages(engine=engine), clock=clock),
        )


def product(sku: str, price: str = "12.90", **values: Any) -> Product:
    """A product that differs from others in what a test cares for; the price is in euros."""
    units, _, decimals = price.partition(".")
    usual: dict[str, Any] = {
        "name": sku.replace("-", " ").title(),
        "description": "",
        "category": "kitchen",
        "price": Money("EUR", int(units), int(decimals.ljust(9, "0"))),
        "image_url": "",
        "retired": False,
        "update_time": MORNING,
    }
    return Product(sku, **(usual | values))


def order_id(number: int) -> str:
    """The id of a test's order."""
    return f"0192f000-0000-5000-8000-{number:012d}"


async def _open_warehouses(ledger: Ledger) -> None:
    for warehouse in ("berlin", "hamburg"):
        await ledger.open_warehouse(warehouse)
