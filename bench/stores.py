"""Event stores as the order service opens them, and raw inserts of the same rows with the driver alone."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

from eventsourcing.persistence import StoredEvent as RecordedEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from bench.commits import new_commit
from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.mongodb import client as mongo
from services.kernel.ids import uuid7
from services.order.adapters.event_store.commits_mongo import COLLECTION, INDEXES, document_of
from services.order.adapters.event_store.event_store_mongo import MongoEventStore
from services.order.adapters.event_store.event_store_sqlite import SqliteEventStore
from services.order.adapters.event_store.event_tables_sqlite import (
    INSERT_COMMIT,
    INSERT_EVENT,
    commit_row,
    event_rows,
    metadata,
)
from services.order.application.ports import Commit
from services.order.stores import open_database

Append = Callable[[Commit], Awaitable[None]]


@asynccontextmanager
async def sqlite_store(path: Path) -> AsyncIterator[SqliteEventStore]:
    """The shipped store over a file."""
    async with open_database(path, metadata) as engine, SqliteEventStore.opened(engine) as store:
        yield store


@asynccontextmanager
async def mongo_store(url: str, name: str) -> AsyncIterator[MongoEventStore]:
    """The shipped store in a database of its own."""
    async with mongo.open_client(url) as client:
        database = mongo.database_of(client, url, name)
        async with MongoEventStore.opened(database, changes=ChangeNotifier(), new_id=uuid7) as store:
            yield store


@asynccontextmanager
async def raw_sqlite(path: Path) -> AsyncIterator[Append]:
    """The same rows, as durable, with the standard library's driver on this very thread."""
    async with sqlite_store(path):
        """Makes the tables."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

        async def append(commit: Commit) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(INSERT_COMMIT, commit_row(commit, unpublished=True))
            connection.executemany(INSERT_EVENT, event_rows(commit))
            connection.execute("COMMIT")

        yield append


@asynccontextmanager
async def raw_mongo(url: str, name: str) -> AsyncIterator[Append]:
    """The same document into the same indexes, as durable, one `insert_one` a commit."""
    async with mongo.open_client(url) as client:
        collection = mongo.database_of(client, url, name)[COLLECTION]
        await mongo.ensure_indexes(collection, INDEXES)

        async def append(commit: Commit) -> None:
            await collection.insert_one(document_of(commit, uuid7(), unpublished=True))

        yield append


@asynccontextmanager
async def eventsourcing_recorder(path: Path) -> AsyncIterator[Append]:
    """The recorder of the library `eventsourcing`, which keeps a log for followers as the store does."""
    datastore = SQLiteDatastore(str(path))
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()

    async def append(commit: Commit) -> None:
        recorder.insert_events(
            [
                RecordedEvent(commit.order_id, event.version, "OrderPlaced", event.body)
                for event in commit.events
            ]
        )

    try:
        yield append
    finally:
        datastore.close()


def store_many(path: Path, count: int) -> list[str]:
    """Put so many orders of one event each into a file that a store has made; returns their ids."""
    pattern = new_commit()
    order_ids = [f"00000000-0000-7000-8000-{number:012d}" for number in range(count)]
    commits = (replace(pattern, order_id=order_id) for order_id in order_ids)
    with closing(sqlite3.connect(path)) as connection, connection:
        for commit in commits:
            connection.execute(INSERT_COMMIT, commit_row(commit, unpublished=False))
            connection.executemany(INSERT_EVENT, event_rows(commit))
    return order_ids
