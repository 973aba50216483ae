"""What the suites of this folder open."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from mesh.mongodb.client import database_of, open_client
from services.order.adapters.event_store import event_store_sqlite
from services.order.adapters.event_store.event_store_sqlite import SqliteEventStore
from services.order.adapters.key_vault import key_records_sqlite
from services.order.adapters.key_vault.key_records import KeyRecords
from services.order.adapters.key_vault.key_records_mongo import MongoKeyRecords
from services.order.adapters.key_vault.key_records_sqlite import SqliteKeyRecords
from services.order.application.ports import EventStore
from services.order.stores import open_database
from tests.support.mongo_stores import open_mongo_store

OpenRecords = Callable[[], AbstractAsyncContextManager[KeyRecords]]
"""Opens the records of a process; all that a test opens are the same."""
Open = Callable[[Path], AbstractAsyncContextManager[EventStore]]
"""Opens the event store of a process; all that a test opens in a folder are the same."""


@pytest.fixture(params=["sqlite", "mongodb"])
def open_records(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRecords:
    if request.param == "sqlite":
        return lambda: _in_file(tmp_path / "order_keys.db")
    url: str = request.getfixturevalue("mongodb_url")
    return lambda: _in_mongodb(url)


@pytest.fixture(params=["sqlite", "mongodb"])
def open_store(request: pytest.FixtureRequest) -> Open:
    return _sqlite if request.param == "sqlite" else _mongodb(request.getfixturevalue("mongodb_url"))


@pytest.fixture
async def store(open_store: Open, tmp_path: Path) -> AsyncIterator[EventStore]:
    async with open_store(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def _in_file(path: Path) -> AsyncIterator[KeyRecords]:
    async with open_database(path, key_records_sqlite.metadata) as engine:
        yield SqliteKeyRecords(engine)


@asynccontextmanager
async def _in_mongodb(url: str) -> AsyncIterator[KeyRecords]:
    async with open_client(url) as client:
        records = MongoKeyRecords(database_of(client, url, "order_keys"))
        await records.prepare()
        yield records


@asynccontextmanager
async def _sqlite(home: Path) -> AsyncIterator[EventStore]:
    async with (
        open_database(home / "order.db", event_store_sqlite.metadata) as engine,
        SqliteEventStore.opened(engine) as store,
    ):
        yield store


def _mongodb(url: str) -> Open:
    return lambda _home: open_mongo_store(url)
