"""The inventory service: chooses adapters and puts the parts together."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mesh.cache.opening import open_caches
from mesh.event_log import EventLog, open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.event_log.outbox.outbox import OutboxRelay
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from mesh.sql import changes_of, is_reachable
from mesh.sql.databases import open_replicas, opened
from mesh.sql.replicas import PrimaryReads, ReplicaReads
from mesh.topology import ORDER_EVENTS
from services.inventory.adapters.catalog_cache import CachedCatalog
from services.inventory.adapters.catalog_sql import SqlCatalog
from services.inventory.adapters.ledger_sql import Changed, SqlDueHolds
from services.inventory.adapters.ledgers_sql import SessionLedgers, SqlLedgers
from services.inventory.adapters.price_history_sql import SqlPriceHistory
from services.inventory.adapters.quarantine_sql import SqlQuarantine
from services.inventory.adapters.schema_sql import SCHEMA
from services.inventory.adapters.shortages_sql import SqlDueShortages
from services.inventory.adapters.stock_cache import CachedStockLevels, CoalescedStockLevels
from services.inventory.adapters.stock_changes_mariadb import MariadbStockChanges
from services.inventory.adapters.stock_changes_sqlite import SqliteStockChanges
from services.inventory.adapters.stock_sql import SqlStockLevels
from services.inventory.application.expiry import Expiry
from services.inventory.application.ports import StockChanges
from services.inventory.application.prices import Prices
from services.inventory.application.product_imports import ProductImports
from services.inventory.application.products import Products
from services.inventory.application.quarantined import Quarantined
from services.inventory.application.reconciliation import Reconciliation
from services.inventory.application.reservations import Reservations
from services.inventory.application.shortages import Shortages
from services.inventory.application.stock_feed import StockFeed
from services.inventory.application.stocks import Stocks
from services.inventory.application.wms_updates import WmsUpdates
from services.inventory.config import Settings
from services.inventory.entrypoints.catalog_servicer import CatalogServicer
from services.inventory.entrypoints.consumer import CONSUMER, on_order_event
from services.inventory.entrypoints.inventory_servicer import InventoryServicer
from services.inventory.entrypoints.parking_servicer import StockParkingServicer
from services.inventory.entrypoints.status_by_error import STATUS_BY_ERROR
from services.inventory.entrypoints.sweeper import sweep_regularly
from services.inventory.entrypoints.wms_servicer import WmsServicer
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope
from services.kernel.ids import uuid7
from shopmesh.inventory.v1 import (
    catalog_service_pb2_grpc,
    inventory_service_pb2_grpc,
    parking_service_pb2_grpc,
    wms_service_pb2_grpc,
)


@asynccontextmanager
async def compose(node: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings = Settings.from_environ(node.settings, os.environ)
    async with (
        open_database(settings) as engine,
        open_replicas(settings.replica_urls) as replicas,
        open_event_log(node.settings) as log,
        open_caches("inventory", node.settings) as caches,
    ):
        changes = changes_of(engine)
        reads = ReplicaReads(service="inventory", primary=engine, replicas=replicas)
        # What a cache keeps, and what watchers are told, is never as old as a replica may be.
        levels = SqlStockLevels(reads=PrimaryReads(engine))
        coalesced = CoalescedStockLevels(source=levels, tasks=caches.tasks)
        cached = CachedStockLevels(source=SqlStockLevels(reads=reads), coalesced=coalesced, caches=caches)
        feed = StockFeed(levels=coalesced, changes=stock_changes(engine), check=caches.check)
        ledgers = SqlLedgers(
            engine=engine,
            clock=node.clock,
            new_id=uuid7,
            committed=changes.notify,
            tasks=caches.tasks,
            changed=caches.invalidate,
        )
        reservations = Reservations(ledgers=ledgers, clock=node.clock, hold_seconds=settings.hold_seconds)
        stocks = Stocks(levels=cached, ledgers=ledgers, clock=node.clock)
        catalog = CachedCatalog(
            source=SqlCatalog(engine=engine, reads=reads),
            loaded=SqlCatalog(engine=engine, reads=PrimaryReads(engine)),
            caches=caches,
        )
        catalog_servicer = CatalogServicer(
            products=Products(catalog=catalog, clock=node.clock),
            imports=ProductImports(catalog=catalog, clock=node.clock),
            prices=Prices(history=SqlPriceHistory(reads=reads)),
            clock=node.clock,
        )
        expiry = Expiry(reservations=reservations, holds=SqlDueHolds(engine=engine), clock=node.clock)
        shortages = Shortages(ledgers=ledgers, due=SqlDueShortages(engine=engine), clock=node.clock)
        consumer = order_consumer(engine, log, clock=node.clock, settings=settings, changed=caches.invalidate)
        inventory = InventoryServicer(
            stocks=stocks, reservations=reservations, feed=feed, draining=node.draining, clock=node.clock
        )
        wms = WmsServicer(
            updates=WmsUpdates(ledgers=ledgers, clock=node.clock),
            reconciliation=Reconciliation(levels=levels, ledgers=ledgers, clock=node.clock, new_id=uuid7),
            quarantined=Quarantined(quarantine=SqlQuarantine(reads=reads)),
            draining=node.draining,
            clock=node.clock,
        )
        yield Service(
            servicers=(
                Servicer(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server, catalog_servicer),
                Servicer(inventory_service_pb2_grpc.add_InventoryServiceServicer_to_server, inventory),
                Servicer(wms_service_pb2_grpc.add_WmsServiceServicer_to_server, wms),
                Servicer(
                    parking_service_pb2_grpc.add_StockParkingServiceServicer_to_server,
                    StockParkingServicer(parking=Parking(consumer)),
                ),
            ),
            errors=STATUS_BY_ERROR,
            hard={"inventory.sql": partial(is_reachable, engine)},
            soft={"inventory.event_log": log.is_reachable, **caches.probes},
            tasks=(
                changes.run,
                reads.run,
                feed.run,
                caches.follow,
                consumer.run,
                OutboxRelay(engine, log).run,
                partial(sweep_regularly, expiry.sweep, shortages.sweep, pause_seconds=settings.sweep_seconds),
            ),
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Open the database, with every table in it."""
    track_commit_positions = bool(settings.replica_urls)
    async with opened(settings.database_url, SCHEMA, track_commit_positions=track_commit_positions) as engine:
        yield engine


def stock_changes(engine: AsyncEngine) -> StockChanges:
    """What tells whose stock was changed in a database."""
    if engine.dialect.name == "sqlite":
        return SqliteStockChanges(engine=engine, changes=changes_of(engine))
    return MariadbStockChanges(engine=engine, changes=changes_of(engine))


def order_consumer(
    engine: AsyncEngine, log: EventLog, *, clock: Clock, settings: Settings, changed: Changed
) -> Consumer[Envelope]:
    """The consumer of order events; an event's effect is part of its inbox's transaction.

    Args:
        engine: The database with the inbox.
        log: Where the events are read.
        clock: The time now.
        settings: This service's settings.
        changed: Told whose stock an event has changed.
    """

    async def effect(session: AsyncSession, event: Envelope) -> None:
        ledgers = SessionLedgers(session, clock=clock, new_id=uuid7, changed=changed)
        await on_order_event(
            Reservations(ledgers=ledgers, clock=clock, hold_seconds=settings.hold_seconds), event
        )

    inbox = SqlInbox(engine, CONSUMER, clock, decode=Envelope.from_body)
    return Consumer(log, CONSUMER, (ORDER_EVENTS,), inbox, effect)


if __name__ == "__main__":
    run("inventory", compose)
