"""An order service whose event store does not refuse a version that is taken."""

from unittest.mock import patch

from pymongo import ASCENDING, IndexModel

from mesh.server.process import run
from services.order import server
from services.order.adapters.event_store import event_store_mongo
from services.order.adapters.event_store.commits_mongo import INDEXES, STREAMS

_NOT_UNIQUE = IndexModel([("order_id", ASCENDING), ("events.version", ASCENDING)], name=STREAMS)

if __name__ == "__main__":
    others = tuple(index for index in INDEXES if index.document["name"] != STREAMS)
    with patch.object(event_store_mongo, "INDEXES", (_NOT_UNIQUE, *others)):
        run("order", server.compose)
