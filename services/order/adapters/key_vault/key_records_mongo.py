"""The customers' data keys in a MongoDB database of their own."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from mesh.mongodb import client as mongo
from services.order.adapters.key_vault.key_records import KeyRecord
from services.order.adapters.store_errors_mongo import translated
from services.order.adapters.times import time_text

_MAJORITY = ReadConcern("majority")
_MARK_INDEXES = (
    IndexModel([("customer_id", ASCENDING), ("mark", ASCENDING)], name="marks_of_customer", unique=True),
    IndexModel([("mark_time", ASCENDING)], name="marks_by_time"),
)


class MongoKeyRecords:
    """One document per customer, whose id is the customer's: there can be no second key."""

    def __init__(self, database: mongo.Database) -> None:
        self._database = database
        # What most members have: a key that a failover could take back must not encrypt anything.
        self._keys = database.get_collection("customer_keys", read_concern=_MAJORITY)
        self._marks = database.get_collection("closed_marks", read_concern=_MAJORITY)

    async def prepare(self) -> None:
        """Create the indexes.

        Raises:
            WrongIndex: One has another definition.
            StoreUnavailable: The server does not answer.
        """
        with translated():
            await mongo.ensure_indexes(self._marks, _MARK_INDEXES)

    async def find(self, customer_id: str) -> KeyRecord | None:
        with translated():
            return _record(await self._keys.find_one({"_id": customer_id}))

    async def find_with_mark(self, customer_id: str) -> tuple[KeyRecord | None, bool]:
        marks: list[mongo.Document] = [{"$match": {"customer_id": customer_id}}, {"$limit": 1}]
        # One command: every order asks twice.
        both: list[mongo.Document] = [
            {"$match": {"_id": customer_id}},
            {"$unionWith": {"coll": self._marks.name, "pipeline": marks}},
        ]
        with translated():
            rows = await (await self._keys.aggregate(both)).to_list()
        keys = [row for row in rows if row["_id"] == customer_id]
        return _record(keys[0] if keys else None), len(keys) < len(rows)

    async def insert(self, customer_id: str, wrapped_key: bytes, time: datetime) -> KeyRecord:
        row = {"_id": customer_id, "wrapped_key": wrapped_key, "create_time": time_text(time)}
        certain = self._keys.with_options(read_concern=ReadConcern("linearizable"))
        with translated():
            await _insert_once(self._keys, row)
            record = _record(await certain.find_one({"_id": customer_id}))
        assert record is not None
        return record

    async def erase(self, customer_id: str, time: datetime) -> None:
        now = time_text(time)
        tombstone = {
            "$set": {"wrapped_key": None, "erase_time": now},
            "$setOnInsert": {"create_time": now},
        }
        with translated():
            await self._keys.update_one({"_id": customer_id}, tombstone, upsert=True)
            # Later: a tombstone closes the customer as well.
            await self._marks.delete_many({"customer_id": customer_id})

    async def mark(self, customer_id: str, mark: str, time: datetime) -> None:
        row = {"customer_id": customer_id, "mark": mark, "mark_time": time_text(time)}
        with translated():
            await _insert_once(self._marks, row)

    async def unmark(self, customer_id: str, mark: str) -> None:
        with translated():
            await self._marks.delete_one({"customer_id": customer_id, "mark": mark})

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        with translated():
            old = self._marks.find({"mark_time": {"$lt": time_text(time)}})
            return [(row["customer_id"], row["mark"]) async for row in old]

    async def wrapped_keys(self, *, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        behind = {"_id": {"$gt": after}, "wrapped_key": {"$ne": None}}
        with translated():
            page = self._keys.find(behind, {"wrapped_key": True}).sort("_id", ASCENDING).limit(limit)
            return [(row["_id"], row["wrapped_key"]) async for row in page]

    async def rewrap(self, customer_id: str, old: bytes, new: bytes) -> None:
        with translated():
            await self._keys.update_one(
                {"_id": customer_id, "wrapped_key": old}, {"$set": {"wrapped_key": new}}
            )

    async def is_reachable(self) -> bool:
        return await mongo.is_reachable(self._database)


async def _insert_once(collection: mongo.Collection, row: mongo.Document) -> None:
    try:
        await collection.insert_one(row)
    except DuplicateKeyError:
        # There already: that one counts.
        return


def _record(row: mongo.Document | None) -> KeyRecord | None:
    return None if row is None else KeyRecord(row["wrapped_key"])
