"""What the suites of this folder open."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from mesh.mongo import database_of, open_client
from services.order.adapters import key_records_sqlite
from services.order.adapters.key_records import KeyRecords
from services.order.adapters.key_records_mongo import MongoKeyRecords
from services.order.adapters.key_records_sqlite import SqliteKeyRecords
from services.order.stores import open_database

OpenRecords = Callable[[], AbstractAsyncContextManager[KeyRecords]]
"""Opens the records of a process; all that a test opens are the same."""


@pytest.fixture(params=["sqlite", "mongodb"])
def open_records(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRecords:
    if request.param == "sqlite":
        return lambda: _in_file(tmp_path / "order_keys.db")
    url: str = request.getfixturevalue("mongodb_url")
    return lambda: _in_mongodb(url)


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
