"""The order index in MongoDB: the rows of all generations in one collection, and a document that points.

Renaming a collection over another would end its change streams: a generation is a field.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError

from mesh.mongodb import client as mongo
from services.order.adapters.search_index.search_rows_mongo import (
    BY_TIME,
    INDEXES,
    POINTERS,
    ROWS,
    document_of,
    row_id,
    row_of,
    upsert_of,
    wanted_by,
)
from services.order.adapters.store_errors_mongo import translated
from services.order.application.ports import OrderRow, Position, Search, Superseded

_THE_POINTER = {"_id": "orders"}
_FIRST = {"current": 1, "building": None, "latest": 1}
_NEWEST = [("place_time", DESCENDING), ("order_id", ASCENDING)]
_AFTER_ANY_ID = "~"


class MongoOrderIndex:
    """A reader looks whether the pointer has moved while it read."""

    def __init__(self, database: mongo.Database) -> None:
        self._rows = database[ROWS]
        self._pointers = database[POINTERS]

    async def prepare(self) -> None:
        """Create the indexes that are missing.

        Raises:
            WrongIndex: One of them has another definition.
            StoreUnavailable: The server does not answer.
        """
        with translated():
            await mongo.ensure_indexes(self._rows, INDEXES)

    async def upsert(self, rows: Sequence[OrderRow]) -> None:
        with translated():
            pointer = await self._pointer()
            generations = {pointer["current"], pointer["building"] or pointer["current"]}
            await self._bring_up([upsert_of(each, row) for each in generations for row in rows])

    async def find(self, search: Search, *, after: Position | None, limit: int) -> Sequence[OrderRow]:
        with translated():
            current = await self._current()
            while True:
                wanted = wanted_by(current, search, after)
                found = await self._rows.find(wanted).sort(_NEWEST).limit(limit).to_list()
                # What was replaced meanwhile may have been deleted in part.
                if current == (current := await self._current()):
                    return [row_of(document) for document in found]

    async def count(self, search: Search) -> int:
        with translated():
            return await self._rows.count_documents(wanted_by(await self._current(), search, None))

    async def rows(self, generation: int, *, after: str | None, limit: int) -> Sequence[OrderRow]:
        behind = {"$gt": row_id(generation, after or ""), "$lt": row_id(generation, _AFTER_ANY_ID)}
        with translated():
            found = await self._rows.find({"_id": behind}).sort("_id", ASCENDING).limit(limit).to_list()
        return [row_of(document) for document in found]

    async def current(self) -> int:
        with translated():
            return await self._current()

    async def begin(self) -> int:
        following: list[dict[str, Any]] = [
            {"$set": {"latest": {"$add": ["$latest", 1]}}},
            {"$set": {"building": "$latest"}},
        ]
        with translated():
            await self._pointers.update_one(_THE_POINTER, {"$setOnInsert": _FIRST}, upsert=True)
            begun = await self._pointers.find_one_and_update(
                _THE_POINTER, following, return_document=ReturnDocument.AFTER
            )
        assert begun is not None  # it was upserted
        return int(begun["building"])

    async def fill(self, generation: int, rows: Sequence[OrderRow]) -> None:
        with translated():
            if (await self._pointer())["building"] != generation:
                raise _superseded(generation)
            there = await self._insert([document_of(generation, row) for row in rows])
            await self._bring_up([upsert_of(generation, rows[index]) for index in there])

    async def finish(self, generation: int) -> None:
        swapped = {"$set": {"current": generation, "building": None}}
        with translated():
            answer = await self._pointers.update_one({**_THE_POINTER, "building": generation}, swapped)
        if not answer.matched_count:
            raise _superseded(generation)

    async def discard(self, *, limit: int) -> int:
        with translated():
            pointer = await self._pointer()
            stale = {"generation": {"$nin": [pointer["current"], pointer["building"]]}}
            found = await self._rows.find(stale, {"_id": True}, hint=BY_TIME).limit(limit).to_list()
            if found:
                await self._rows.delete_many({"_id": {"$in": [document["_id"] for document in found]}})
        return len(found)

    async def _pointer(self) -> mongo.Document:
        return await self._pointers.find_one(_THE_POINTER) or _FIRST

    async def _current(self) -> int:
        return int((await self._pointer())["current"])

    async def _insert(self, documents: Sequence[mongo.Document]) -> Sequence[int]:
        """Insert what is not there; returns the places of what is, since the projector was there before."""
        if not documents:
            return ()
        try:
            await self._rows.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if not mongo.is_duplicate(error):
                raise
            return [int(each["index"]) for each in error.details["writeErrors"]]
        return ()

    async def _bring_up(self, upserts: Sequence[UpdateOne]) -> None:
        if upserts:
            await self._rows.bulk_write(upserts, ordered=False)


def _superseded(generation: int) -> Superseded:
    return Superseded(f"generation {generation} is not being built any more")
