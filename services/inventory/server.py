"""The inventory service: chooses adapters and puts the parts together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.cache.factory import Caches, open_caches
from mesh.event_log import EventLog, open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.event_log.outbox.outbox import OutboxRelay
from mesh.event_log.readers import announce
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from mesh.sql import changes_of, is_reachable
from mesh.sql.changes import Waited
from mesh.sql.databases import open_replicas, opened
from mesh.sql.replicas import PrimaryReads, ReplicaReads
from mesh.sql.row_changes import growth_of
from mesh.topology import ORDER_EVENTS
from services.inventory.adapters.catalog_cache import CachedCatalog
from services.inventory.adapters.catalog_sql import SqlCatalog
from services.inventory.adapters.feeds_sql import SqlFeeds
from services.inventory.adapters.ledger_sql import Changed, SqlDueHolds
from services.inventory.adapters.ledgers_sql import SessionLedgers, SqlLedgers
from services.inventory.adapters.movements_sql import SqlMovements
from services.inventory.adapters.price_history_sql import SqlPriceHistory
from services.inventory.adapters.quarantine_sql import SqlQuarantine
from services.inventory.adapters.schema_sql import SCHEMA
from services.inventory.adapters.shortages_sql import SqlDueShortages
from services.inventory.adapters.stock_cache import CachedStockLevels, CoalescedStockLevels
from services.inventory.adapters.stock_changes_mariadb import MariadbStockChanges
from services.inventory.adapters.stock_changes_sqlite import LAST_MOVEMENT, SqliteStockChanges
from services.inventory.adapters.stock_sql import SqlStockLevels
from services.inventory.application.ports import (
    StockChanges,
)
from services.inventory.application.reservations import Reservations
from services.inventory.config import Settings
from services.inventory.entrypoints.catalog_servicer import CatalogServicer
from services.inventory.entrypoints.consumer import CONSUMER, EVENTS_READ, EVENTS_WITH_EFFECT, on_order_event
from services.inventory.entrypoints.feed_metrics import note_refusals
from services.inventory.entrypoints.inventory_servicer import InventoryServicer
from services.inventory.entrypoints.parking_servicer import StockParkingServicer
from services.inventory.entrypoints.status_by_error import STATUS_BY_ERROR
from services.inventory.entrypoints.sweeper import sweep_regularly
from services.inventory.entrypoints.wms_servicer import WmsServicer
from services.inventory.use_cases import Adapters, UseCases, wire
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope
from services.kernel.ids import uuid7
from services.kernel.trace import trace_id_of
from shopmesh.inventory.v1 import (
    catalog_service_pb2_grpc,
    inventory_service_pb2_grpc,
    parking_service_pb2_grpc,
    wms_service_pb2_grpc,
)

_REFUSALS_EVERY_SECONDS = 5.0


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings = Settings.of(context.settings)
    async with (
        open_database(settings) as engine,
        open_replicas(settings.replica_urls) as replicas,
        open_event_log(context.settings) as log,
        open_caches("inventory", context.settings) as caches,
    ):
        reads = ReplicaReads(service="inventory", primary=engine, replicas=replicas)
        moved = growth_of(engine, LAST_MOVEMENT)
        adapters = choose_adapters(engine, reads, caches, moved=moved, clock=context.clock)
        use_cases = wire(adapters, clock=context.clock, hold_seconds=settings.hold_seconds)
        consumer = order_consumer(
            engine, log, clock=context.clock, settings=settings, changed=caches.invalidate
        )
        refusals = partial(note_refusals, adapters.feeds.refusing_shelves)
        sweeps = use_cases.expiry.sweep, use_cases.shortages.sweep
        yield Service(
            servicers=_servicers(context, use_cases, Parking(consumer)),
            errors=STATUS_BY_ERROR,
            hard={"inventory.sql": partial(is_reachable, engine)},
            soft={"inventory.event_log": log.is_reachable, **caches.probes},
            tasks=(
                moved.run,
                reads.run,
                use_cases.feed.run,
                caches.follow,
                consumer.run,
                OutboxRelay(engine, log).run,
                partial(announce, log, CONSUMER, EVENTS_READ, clock=context.clock, new_id=uuid7),
                partial(sweep_regularly, *sweeps, pause_seconds=settings.sweep_seconds),
                partial(sweep_regularly, refusals, pause_seconds=_REFUSALS_EVERY_SECONDS),
            ),
        )


def choose_adapters(
    engine: AsyncEngine, reads: ReplicaReads, caches: Caches, *, moved: Waited, clock: Clock
) -> Adapters:
    """Choose the adapters."""
    # What a cache keeps, and what watchers are sent, is never as old as a replica may be.
    levels = SqlStockLevels(reads=PrimaryReads(engine))
    coalesced = CoalescedStockLevels(source=levels, tasks=caches.tasks)
    return Adapters(
        levels=levels,
        cached_levels=CachedStockLevels(
            source=SqlStockLevels(reads=reads), coalesced=coalesced, caches=caches
        ),
        coalesced_levels=coalesced,
        changes=stock_changes(engine, moved),
        invalidate_unannounced=caches.invalidate_unannounced,
        ledgers=SqlLedgers(
            engine=engine,
            clock=clock,
            new_id=uuid7,
            committed=changes_of(engine).notify,
            tasks=caches.tasks,
            changed=caches.invalidate,
        ),
        catalog=CachedCatalog(
            source=SqlCatalog(engine=engine, reads=reads),
            loaded=SqlCatalog(engine=engine, reads=PrimaryReads(engine)),
            caches=caches,
        ),
        price_history=SqlPriceHistory(reads=reads),
        movements=SqlMovements(reads=reads),
        feeds=SqlFeeds(reads=reads),
        quarantine=SqlQuarantine(reads=reads),
        due_holds=SqlDueHolds(engine=engine),
        due_shortages=SqlDueShortages(engine=engine),
    )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Open the database, with every table in it."""
    track_commit_positions = bool(settings.replica_urls)
    async with opened(settings.database_url, SCHEMA, track_commit_positions=track_commit_positions) as engine:
        yield engine


def stock_changes(engine: AsyncEngine, moved: Waited) -> StockChanges:
    """What reports whose stock was changed in a database."""
    if engine.dialect.name == "sqlite":
        return SqliteStockChanges(engine=engine, changes=moved)
    return MariadbStockChanges(engine=engine, changes=moved)


def order_consumer(
    engine: AsyncEngine, log: EventLog, *, clock: Clock, settings: Settings, changed: Changed
) -> Consumer:
    """The consumer of order events; an event's effect is part of its inbox's transaction.

    Args:
        engine: The database with the inbox.
        log: Where the events are read.
        clock: The time now.
        settings: This service's settings.
        changed: Told whose stock an event has changed.
    """

    async def effect(session: sql.Session, event: Envelope) -> None:
        ledgers = SessionLedgers(session, clock=clock, new_id=uuid7, changed=changed)
        reservations = Reservations(
            ledgers=ledgers,
            clock=clock,
            hold_seconds=settings.hold_seconds,
            trace_id=partial(trace_id_of, event.trace),
        )
        await on_order_event(reservations, event)

    # Where transactions run side by side, shelves are locked in order within an event only.
    alone = () if engine.dialect.name == "sqlite" else EVENTS_WITH_EFFECT
    inbox = SqlInbox(engine, CONSUMER, clock, alone=alone)
    return Consumer(log, CONSUMER, (ORDER_EVENTS,), inbox, effect)


def _servicers(context: ServiceContext, use_cases: UseCases, parking: Parking) -> tuple[Servicer, ...]:
    draining, clock, fast_path = context.draining, context.clock, context.settings.fast_paths
    catalog = CatalogServicer(
        products=use_cases.products,
        imports=use_cases.imports,
        prices=use_cases.prices,
        clock=clock,
        fast_path=fast_path,
    )
    inventory = InventoryServicer(
        stocks=use_cases.stocks,
        movements=use_cases.movements,
        reservations=use_cases.reservations,
        feed=use_cases.feed,
        draining=draining,
        clock=clock,
        fast_path=fast_path,
    )
    wms = WmsServicer(
        updates=use_cases.wms_updates,
        reconciliation=use_cases.reconciliation,
        quarantined=use_cases.quarantined,
        feeds=use_cases.feeds,
        draining=draining,
        clock=clock,
    )
    return (
        Servicer(catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server, catalog),
        Servicer(inventory_service_pb2_grpc.add_InventoryServiceServicer_to_server, inventory),
        Servicer(wms_service_pb2_grpc.add_WmsServiceServicer_to_server, wms),
        Servicer(
            parking_service_pb2_grpc.add_StockParkingServiceServicer_to_server,
            StockParkingServicer(parking),
        ),
    )


if __name__ == "__main__":
    run("inventory", compose)
