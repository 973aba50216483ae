"""Event stores in MongoDB, as one process opens them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.mongodb.client import database_of, open_client
from services.kernel.ids import uuid7
from services.order.adapters.event_store.event_store_mongo import MongoEventStore


@asynccontextmanager
async def open_mongo_store(url: str) -> AsyncIterator[MongoEventStore]:
    async with open_client(url) as client:
        database = database_of(client, url, "order")
        async with MongoEventStore.opened(database, changes=ChangeNotifier(), new_id=uuid7) as store:
            yield store


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def through(url: str, port: int, *, options: str = "") -> str:
    """The same server by another port; the replica set would lead the client round a proxy."""
    parts = urlsplit(url)._replace(netloc=f"127.0.0.1:{port}", query=f"directConnection=true{options}")
    return urlunsplit(parts)
