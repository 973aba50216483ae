"""Reads the event store and the index of orders in MongoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from tests.faults.stored import IndexRow, StoredEvent

_TIMEOUT_MS = 30_000

Document = dict[str, Any]


@contextmanager
def orders_database(url: str) -> Iterator[Database[Document]]:
    """The order service's database."""
    with MongoClient[Document](url, timeoutMS=_TIMEOUT_MS) as client:
        yield client[f"{client.get_default_database('shopmesh').name}_order"]


@contextmanager
def commits(url: str) -> Iterator[Collection[Document]]:
    """The commits of all orders, to read or to tamper with."""
    with orders_database(url) as database:
        yield database["commits"]


def stored_in_mongo(url: str) -> list[StoredEvent]:
    with commits(url) as collection:
        found = collection.find().sort([("order_id", 1), ("version", 1)])
        return [
            StoredEvent(commit["order_id"], event["version"], event["body"], event["hash"])
            for commit in found
            for event in commit["events"]
        ]


def index_in_mongo(url: str) -> list[IndexRow]:
    with orders_database(url) as database:
        pointer = database["search_generations"].find_one() or {"current": 1}
        return [_row(each) for each in database["search_rows"].find({"generation": pointer["current"]})]


def _row(document: Document) -> IndexRow:
    total = document["total"]
    return IndexRow(
        order_id=document["order_id"],
        version=document["version"],
        customer_id=document["customer_id"],
        state=document["state"],
        place_time=document["place_time"],
        skus=tuple(document["skus"]),
        total=None if total is None else tuple(total),
    )
