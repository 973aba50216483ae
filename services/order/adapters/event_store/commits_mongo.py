"""The collection of the event store in MongoDB, and how commits stand in it.

A commit is one document. Its events are never rewritten; the markers `unpublished`
and `open` stand beside them and are unset when done, so that the partial indexes
hold what there is to do, not what was ever stored.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pymongo import ASCENDING, DESCENDING, IndexModel

from mesh.mongodb.client import Document
from services.order.adapters.times import time_of, time_text
from services.order.application.ports import Commit, StoredEvent, Stream

COLLECTION = "commits"
STREAMS = "streams"
UNPUBLISHED = "commits_unpublished"
OPEN = "commits_open"
NEWEST = "orders_newest"

INDEXES = (
    # Over the versions of all events: an index on the first ones would let two commits overlap.
    IndexModel([("order_id", ASCENDING), ("events.version", ASCENDING)], name=STREAMS, unique=True),
    IndexModel(
        [("order_id", ASCENDING), ("version", ASCENDING)],
        name=UNPUBLISHED,
        partialFilterExpression={"unpublished": True},
    ),
    IndexModel(
        [("commit_time", ASCENDING), ("order_id", ASCENDING)],
        name=OPEN,
        partialFilterExpression={"open": True},
    ),
    IndexModel(
        [("commit_time", DESCENDING), ("order_id", ASCENDING)],
        name=NEWEST,
        partialFilterExpression={"version": 1},
    ),
    IndexModel(
        [("customer_id", ASCENDING), ("commit_time", DESCENDING), ("order_id", ASCENDING)],
        name="orders_of_customer",
        partialFilterExpression={"version": 1},
    ),
)
"""All that queries and uniqueness rely on; checked at every start."""

BODIES = {"_id": False, "order_id": True, "version": True, "events.body": True}
"""What of a document a fold needs."""


def document_of(commit: Commit, commit_id: str, *, unpublished: bool) -> Document:
    markers = {"unpublished": unpublished, "open": commit.open}
    return {
        "_id": commit_id,
        "order_id": commit.order_id,
        "version": commit.version,
        "customer_id": commit.customer_id,
        "commit_time": time_text(commit.commit_time),
        "events": [{"version": each.version, "body": each.body, "hash": each.hash} for each in commit.events],
        **{marker: True for marker, is_set in markers.items() if is_set},
    }


def commit_of(document: Document) -> Commit:
    return Commit(
        order_id=document["order_id"],
        customer_id=document["customer_id"],
        commit_time=time_of(document["commit_time"]),
        events=tuple(
            StoredEvent(event["version"], _bytes(event["body"]), event["hash"])
            for event in document["events"]
        ),
        open=document.get("open", False),
        published=not document.get("unpublished", False),
    )


def streams_of(documents: Iterable[Document]) -> Iterator[Stream]:
    """The streams of documents that come by order id; within an order in any sequence."""
    for order_id, each in groupby(documents, key=lambda document: str(document["order_id"])):
        commits = sorted(map(commit_of, each), key=lambda commit: commit.version)
        yield Stream(order_id, tuple(commits))


def _bytes(body: bytes | str) -> bytes:
    # An edit by hand may leave a text, which verify has to find.
    return body if isinstance(body, bytes) else body.encode()
