"""The use cases of inventory, on top of the ports."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from mesh.server.telemetry import current_traceparent
from services.inventory.application.expiry import Expiry
from services.inventory.application.feeds import WarehouseFeeds
from services.inventory.application.movements import RecordedMovements
from services.inventory.application.ports import (
    Catalog,
    DueHolds,
    DueShortages,
    Feeds,
    Ledgers,
    Movements,
    PriceHistory,
    Quarantine,
    StockChanges,
    StockLevels,
)
from services.inventory.application.prices import Prices
from services.inventory.application.product_imports import ProductImports
from services.inventory.application.products import Products
from services.inventory.application.quarantined_updates import QuarantinedUpdates
from services.inventory.application.reconciliation import Reconciliation
from services.inventory.application.reservations import Reservations
from services.inventory.application.shortages import Shortages
from services.inventory.application.stock_feed import StockFeed
from services.inventory.application.stocks import Stocks
from services.inventory.application.wms_updates import WmsUpdates
from services.kernel.clock import Clock
from services.kernel.ids import uuid7
from services.kernel.trace import trace_id_of


@dataclass(frozen=True, slots=True)
class Adapters:
    """The inventory service's ports, each with the adapter that was chosen.

    Attributes:
        levels: Stock as the primary has it.
        cached_levels: Stock as a cache or a replica has it.
        coalesced_levels: As `levels`; questions at the same time are one.
        invalidate_unannounced: Invalidates what was changed and not announced.
    """

    levels: StockLevels
    cached_levels: StockLevels
    coalesced_levels: StockLevels
    changes: StockChanges
    invalidate_unannounced: Callable[[Collection[str]], None]
    ledgers: Ledgers
    catalog: Catalog
    price_history: PriceHistory
    movements: Movements
    feeds: Feeds
    quarantine: Quarantine
    due_holds: DueHolds
    due_shortages: DueShortages


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, wired."""

    products: Products
    imports: ProductImports
    prices: Prices
    stocks: Stocks
    reservations: Reservations
    feed: StockFeed
    expiry: Expiry
    shortages: Shortages
    wms_updates: WmsUpdates
    reconciliation: Reconciliation
    quarantined: QuarantinedUpdates
    movements: RecordedMovements
    feeds: WarehouseFeeds


def wire(adapters: Adapters, *, clock: Clock, hold_seconds: float) -> UseCases:
    """Put the use cases on top of the ports."""
    ledgers, levels = adapters.ledgers, adapters.levels
    reservations = Reservations(ledgers=ledgers, clock=clock, hold_seconds=hold_seconds, trace_id=_trace_id)
    return UseCases(
        products=Products(catalog=adapters.catalog, clock=clock),
        imports=ProductImports(catalog=adapters.catalog, clock=clock),
        prices=Prices(history=adapters.price_history),
        stocks=Stocks(levels=adapters.cached_levels, ledgers=ledgers, clock=clock, trace_id=_trace_id),
        reservations=reservations,
        feed=StockFeed(
            levels=adapters.coalesced_levels,
            changes=adapters.changes,
            invalidate_unannounced=adapters.invalidate_unannounced,
        ),
        expiry=Expiry(reservations=reservations, holds=adapters.due_holds, clock=clock),
        shortages=Shortages(ledgers=ledgers, due=adapters.due_shortages, clock=clock, trace_id=_trace_id),
        wms_updates=WmsUpdates(ledgers=ledgers, clock=clock, trace_id=_trace_id),
        reconciliation=Reconciliation(
            levels=levels, ledgers=ledgers, clock=clock, new_id=uuid7, trace_id=_trace_id
        ),
        quarantined=QuarantinedUpdates(quarantine=adapters.quarantine),
        movements=RecordedMovements(movements=adapters.movements, levels=levels, feeds=adapters.feeds),
        feeds=WarehouseFeeds(ledgers=ledgers, feeds=adapters.feeds, clock=clock),
    )


def _trace_id() -> str:
    return trace_id_of(current_traceparent())
