"""Opens what the order service stores in: SQLite files, or MongoDB where its URL is set."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.lease import SqlLease, lease_metadata
from mesh.mongodb.client import database_of, open_client
from mesh.server.context import StartupError
from mesh.sql.changes import Waited
from mesh.sql.row_changes import work_in
from services.kernel.ids import uuid7
from services.order.adapters.event_store import event_store_sqlite
from services.order.adapters.event_store.changes_mongo import MongoChanges
from services.order.adapters.event_store.commits_mongo import COLLECTION
from services.order.adapters.event_store.event_store_mongo import MongoEventStore
from services.order.adapters.event_store.event_store_sqlite import SqliteEventStore
from services.order.adapters.event_store.event_tables_sqlite import ANY_UNPUBLISHED
from services.order.adapters.event_store.lease_mongo import MongoLease
from services.order.adapters.event_store.lease_sqlite import SqliteLease
from services.order.adapters.key_vault import key_records_sqlite
from services.order.adapters.key_vault.key_records import KeyRecords
from services.order.adapters.key_vault.key_records_mongo import MongoKeyRecords
from services.order.adapters.key_vault.key_records_sqlite import SqliteKeyRecords
from services.order.adapters.search_index import search_index_sqlite
from services.order.adapters.search_index.search_index_mongo import MongoOrderIndex
from services.order.adapters.search_index.search_index_sqlite import SqliteOrderIndex
from services.order.application.ports import Changes, EventStore, OrderIndex
from services.order.config import Settings
from services.order.domain.errors import StoreUnavailable

_RELAY = "relay"


class Lease(Protocol):
    """Which worker's relay publishes; one holds it at a time."""

    async def hold(self) -> bool: ...

    async def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of events, keys and the index, and what belongs to them.

    Attributes:
        changes: Notifies of what was appended, or of all that is stored beside it.
        unpublished: Notifies of events that are to be published; may be the same.
    """

    events: EventStore
    changes: Changes
    unpublished: Waited
    keys: KeyRecords
    index: OrderIndex
    relay_lease: Lease


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """Open the stores, with their tables or indexes in place; the lease is given back at the end.

    Raises:
        StartupError: A store does not answer, or is not what this version needs.
    """
    opened = _in_files(settings) if settings.mongodb_url is None else _in_mongodb(settings.mongodb_url)
    async with opened as stores:
        yield stores
        await stores.relay_lease.release()


@asynccontextmanager
async def open_database(path: Path, *metadatas: MetaData) -> AsyncIterator[AsyncEngine]:
    """Open a SQLite file, with its tables in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sql.open_engine(sql.sqlite_url(path))
    try:
        await sql.create_tables(engine, *metadatas)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _in_files(settings: Settings) -> AsyncIterator[Stores]:
    async with (
        open_database(settings.database, event_store_sqlite.metadata, lease_metadata) as events,
        open_database(settings.keys_database, key_records_sqlite.metadata) as keys,
        open_database(settings.search_database, search_index_sqlite.metadata) as index,
        SqliteEventStore.opened(events) as store,
    ):
        yield Stores(
            events=store,
            changes=sql.changes_of(events),
            unpublished=work_in(events, ANY_UNPUBLISHED),
            keys=SqliteKeyRecords(keys),
            index=SqliteOrderIndex(index),
            relay_lease=SqliteLease(SqlLease(events, name=_RELAY, holder=uuid7())),
        )


@asynccontextmanager
async def _in_mongodb(url: str) -> AsyncIterator[Stores]:
    async with open_client(url) as client, AsyncExitStack() as stack:
        events = database_of(client, url, "order")
        changes = MongoChanges(events[COLLECTION])
        keys = MongoKeyRecords(database_of(client, url, "order_keys"))
        index = MongoOrderIndex(events)
        try:
            await keys.prepare()
            await index.prepare()
            store = await stack.enter_async_context(
                MongoEventStore.opened(events, changes=changes, new_id=uuid7)
            )
        except StoreUnavailable:
            raise StartupError("MongoDB does not answer at SHOPMESH_MONGODB_URL") from None
        yield Stores(
            events=store,
            changes=changes,
            unpublished=changes,
            keys=keys,
            index=index,
            relay_lease=MongoLease(events["leases"], name=_RELAY, holder=uuid7()),
        )
