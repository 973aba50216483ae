"""The collection of the order index in MongoDB, and how rows stand in it."""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from mesh.mongodb.client import Document
from services.kernel.money import Money
from services.order.adapters.times import time_of, time_text
from services.order.application.ports import OrderRow, Position, Search
from services.order.domain.order import OrderState

ROWS = "search_rows"
POINTERS = "search_generations"
BY_TIME = "search_by_time"
_NEWEST = [("place_time", DESCENDING), ("order_id", ASCENDING)]

INDEXES = (
    IndexModel([("generation", ASCENDING), *_NEWEST], name=BY_TIME),
    IndexModel([("generation", ASCENDING), ("customer_id", ASCENDING), *_NEWEST], name="search_by_customer"),
    IndexModel([("generation", ASCENDING), ("state", ASCENDING), *_NEWEST], name="search_by_state"),
    IndexModel([("generation", ASCENDING), ("skus", ASCENDING), *_NEWEST], name="search_by_sku"),
)


def row_id(generation: int, order_id: str) -> str:
    """Sorts by order id within a generation."""
    return f"{generation}:{order_id}"


def document_of(generation: int, row: OrderRow) -> Document:
    total = row.total
    return {
        "_id": row_id(generation, row.order_id),
        "generation": generation,
        "order_id": row.order_id,
        "version": row.version,
        "customer_id": row.customer_id,
        "state": row.state.value,
        "place_time": time_text(row.place_time),
        "skus": list(row.skus),
        "total": None if total is None else [total.currency_code, total.units, total.nanos],
    }


def row_of(document: Document) -> OrderRow:
    return OrderRow(
        order_id=document["order_id"],
        version=document["version"],
        customer_id=document["customer_id"],
        state=OrderState(document["state"]),
        place_time=time_of(document["place_time"]),
        skus=tuple(document["skus"]),
        total=None if document["total"] is None else Money(*document["total"]),
    )


def upsert_of(generation: int, row: OrderRow) -> UpdateOne:
    """Stores the row unless a newer one is there; the filter is the id alone, so that two at once agree."""
    document = document_of(generation, row)
    is_newer = {"$lt": [{"$ifNull": ["$version", 0]}, row.version]}
    kept_or_new = {"$cond": [is_newer, {"$literal": document}, "$$ROOT"]}
    return UpdateOne({"_id": document["_id"]}, [{"$replaceWith": kept_or_new}], upsert=True)


def wanted_by(generation: int, search: Search, after: Position | None) -> Document:
    """The filter of a search."""
    selection = search.selection
    equal = {
        "customer_id": selection.customer_id,
        "state": None if search.state is None else search.state.value,
        "skus": search.sku,
    }
    time: dict[str, Any] = {}
    if selection.min_place_time is not None:
        time["$gte"] = time_text(selection.min_place_time)
    if selection.max_place_time is not None:
        time["$lt"] = time_text(selection.max_place_time)
    wanted = {"generation": generation} | {name: value for name, value in equal.items() if value is not None}
    behind = [] if after is None else _behind(after)
    return {"$and": [wanted, {"place_time": time} if time else {}, *behind]}


def _behind(after: Position) -> list[Document]:
    time = time_text(after.place_time)
    # The first condition bounds the walk through the index, the second one is exact.
    same_time = {"place_time": time, "order_id": {"$gt": after.order_id}}
    return [{"place_time": {"$lte": time}}, {"$or": [{"place_time": {"$lt": time}}, same_time]}]
