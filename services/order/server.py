"""The order service: chooses adapters and puts the parts together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import places
from mesh.event_log import EventLog, open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import INBOX_TABLES, SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.event_log.readers import ReaderWatch
from mesh.server import failpoints
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from mesh.server.telemetry import continue_trace
from mesh.topology import INVENTORY_EVENTS, USER_EVENTS
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope
from services.kernel.ids import uuid7
from services.order.adapters.accounts_grpc import GrpcAccounts
from services.order.adapters.event_store.relay import Relay
from services.order.adapters.head_log_file import FileHeadLog
from services.order.adapters.inventory_grpc import GrpcInventory
from services.order.adapters.key_vault.key_ring_file import FileKeyRing
from services.order.adapters.key_vault.key_vault_aes import AesKeyVault
from services.order.adapters.key_vault.secret_file import read_or_make
from services.order.application.commands.changes import OrderChanges
from services.order.application.commands.customers import Customers
from services.order.application.commands.decisions import Decisions
from services.order.application.commands.fulfilment import Fulfilment
from services.order.application.commands.orders import Orders
from services.order.application.commands.process_manager import ProcessManager
from services.order.application.commands.shortages import Shortages
from services.order.application.commands.warehouse_shipments import WarehouseShipments
from services.order.application.journal import Journal
from services.order.application.ports import (
    Accounts,
    AddressProblems,
    Changes,
    EventStore,
    Failpoint,
    HeadLog,
    Inventory,
    KeyVault,
    OrderIndex,
    Readers,
)
from services.order.application.queries.audit import Audit
from services.order.application.queries.order_views import OrderViews
from services.order.application.queries.search import OrderSearch, SearchProjection
from services.order.application.sealing import Sealing
from services.order.config import Settings
from services.order.entrypoints.audit_servicer import AuditServicer
from services.order.entrypoints.background import manage, report
from services.order.entrypoints.consumer import CONSUMER, EVENTS_WITH_EFFECT, on_user_event
from services.order.entrypoints.order_metrics import watch_part_shipments
from services.order.entrypoints.order_servicer import OrderServicer
from services.order.entrypoints.parking_servicer import OrderParkingServicer
from services.order.entrypoints.projector import project
from services.order.entrypoints.status_by_error import STATUS_BY_ERROR
from services.order.entrypoints.stock_consumer import (
    STOCK_CONSUMER,
    STOCK_EVENTS_WITH_EFFECT,
    on_stock_event,
    report_anomaly,
)
from services.order.stores import Stores, open_database, open_stores
from shopmesh.order.v1 import audit_service_pb2_grpc, order_service_pb2_grpc, parking_service_pb2_grpc

ORDER_READERS = ("inventory", "notification")
"""The services that follow the orders' events."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """The order service's ports, each with the adapter that was chosen."""

    store: EventStore
    changes: Changes
    vault: KeyVault
    heads: HeadLog
    index: OrderIndex
    inventory: Inventory
    accounts: Accounts
    readers: Readers


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, wired."""

    orders: Orders
    fulfilment: Fulfilment
    views: OrderViews
    search: OrderSearch
    projection: SearchProjection
    audit: Audit
    customers: Customers
    manager: ProcessManager
    shortages: Shortages
    warehouse_shipments: WarehouseShipments


def wire(
    adapters: Adapters,
    *,
    clock: Clock,
    address_problems: AddressProblems = places.address_problems,
    reached: Failpoint = failpoints.reached,
) -> UseCases:
    """Put the use cases on top of the ports."""
    journal = Journal(store=adapters.store, clock=clock, new_id=uuid7)
    sealing = Sealing(vault=adapters.vault)
    decisions = Decisions(
        journal=journal, store=adapters.store, inventory=adapters.inventory, reached=reached
    )
    views = OrderViews(journal=journal, store=adapters.store, sealing=sealing, changes=adapters.changes)
    customers = Customers(
        store=adapters.store, vault=adapters.vault, accounts=adapters.accounts, clock=clock, new_id=uuid7
    )
    changes = OrderChanges(journal=journal)
    fulfilment = Fulfilment(changes=changes, readers=adapters.readers)
    orders = Orders(
        journal=journal,
        changes=changes,
        decisions=decisions,
        inventory=adapters.inventory,
        vault=adapters.vault,
        sealing=sealing,
        address_problems=address_problems,
        new_id=uuid7,
        reached=reached,
    )
    return UseCases(
        orders=orders,
        fulfilment=fulfilment,
        views=views,
        search=OrderSearch(index=adapters.index, store=adapters.store, views=views),
        projection=SearchProjection(index=adapters.index, store=adapters.store),
        audit=Audit(
            journal=journal, store=adapters.store, heads=adapters.heads, sealing=sealing, views=views
        ),
        customers=customers,
        manager=ProcessManager(
            journal=journal,
            store=adapters.store,
            decisions=decisions,
            customers=customers,
            continue_trace=partial(continue_trace, name="process_manager"),
            clock=clock,
            report=report,
        ),
        shortages=Shortages(journal=journal, orders=orders),
        warehouse_shipments=WarehouseShipments(
            journal=journal, decisions=decisions, fulfilment=fulfilment, report=report_anomaly
        ),
    )


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings = Settings.of(context.settings)
    async with (
        open_stores(settings) as stores,
        open_database(settings.inbox_database, *INBOX_TABLES) as inbox,
        open_event_log(context.settings) as log,
    ):
        readers = ReaderWatch(log, ORDER_READERS)
        adapters = choose_adapters(context, settings, stores, readers)
        use_cases = wire(adapters, clock=context.clock)
        relay = Relay(
            store=adapters.store,
            log=log,
            heads=adapters.heads,
            changes=stores.unpublished,
            lease=stores.relay_lease,
            reached=failpoints.reached,
        )
        users = user_consumer(inbox, log, use_cases.customers, clock=context.clock)
        stock = stock_consumer(inbox, log, use_cases, clock=context.clock)
        yield Service(
            servicers=_servicers(context, use_cases, Parking(users, stock)),
            errors=STATUS_BY_ERROR,
            hard={"order.events": adapters.store.is_reachable, "order.keys": adapters.vault.is_reachable},
            soft={"order.event_log": log.is_reachable},
            tasks=(
                *(each.run for each in dict.fromkeys((stores.changes, stores.unpublished))),
                relay.run,
                partial(manage, use_cases.manager),
                partial(project, use_cases.projection, log),
                partial(watch_part_shipments, adapters.index.count, clock=context.clock),
                readers.run,
                users.run,
                stock.run,
            ),
        )


def choose_adapters(
    context: ServiceContext, settings: Settings, stores: Stores, readers: Readers
) -> Adapters:
    """Choose the adapters."""
    ring = FileKeyRing(settings.key_encryption_keys)
    return Adapters(
        store=stores.events,
        changes=stores.changes,
        vault=AesKeyVault(stores.keys, ring=ring, clock=context.clock),
        heads=FileHeadLog(settings.head_log, key=read_or_make(settings.head_key)),
        index=stores.index,
        inventory=GrpcInventory(context.channels.to("inventory")),
        accounts=GrpcAccounts(context.channels.to("user")),
        readers=readers,
    )


def user_consumer(inbox: AsyncEngine, log: EventLog, customers: Customers, *, clock: Clock) -> Consumer:
    """The consumer of accounts' events. Its effect is idempotent: the keys are another database."""

    async def effect(_session: object, event: Envelope) -> None:
        await on_user_event(customers, event)

    inbox_of_user = SqlInbox(inbox, CONSUMER, clock, alone=EVENTS_WITH_EFFECT)
    return Consumer(log, CONSUMER, (USER_EVENTS,), inbox_of_user, effect)


def stock_consumer(inbox: AsyncEngine, log: EventLog, use_cases: UseCases, *, clock: Clock) -> Consumer:
    """The consumer of inventory's events. Its effect is idempotent: the orders are another database."""

    async def effect(_session: object, event: Envelope) -> None:
        await on_stock_event(use_cases.shortages, use_cases.warehouse_shipments, event)

    inbox_of_stock = SqlInbox(inbox, STOCK_CONSUMER, clock, alone=STOCK_EVENTS_WITH_EFFECT)
    return Consumer(log, STOCK_CONSUMER, (INVENTORY_EVENTS,), inbox_of_stock, effect)


def _servicers(context: ServiceContext, use_cases: UseCases, parking: Parking) -> tuple[Servicer, ...]:
    methods = context.contract.methods_of("order")
    orders = OrderServicer(
        orders=use_cases.orders,
        fulfilment=use_cases.fulfilment,
        views=use_cases.views,
        search=use_cases.search,
        customers=use_cases.customers,
        deadlines={method.name: method.policy.deadline_seconds for method in methods},
        draining=context.draining,
        clock=context.clock,
        new_id=uuid7,
    )
    return (
        Servicer(order_service_pb2_grpc.add_OrderServiceServicer_to_server, orders),
        Servicer(
            audit_service_pb2_grpc.add_AuditServiceServicer_to_server, AuditServicer(audit=use_cases.audit)
        ),
        Servicer(
            parking_service_pb2_grpc.add_OrderParkingServiceServicer_to_server,
            OrderParkingServicer(parking),
        ),
    )


if __name__ == "__main__":
    run("order", compose)
