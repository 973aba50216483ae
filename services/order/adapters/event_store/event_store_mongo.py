"""The event store in MongoDB: one command is one document, and a unique index decides."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, Self

import structlog
from pymongo import ASCENDING, DESCENDING, UpdateMany, timeout
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.mongodb import client as mongo
from mesh.sql.consistency import note_write
from services.kernel.ids import NewId
from services.order.adapters.event_store.closing import closed_together
from services.order.adapters.event_store.commit_writer_mongo import CommitWriter
from services.order.adapters.event_store.commits_mongo import (
    BODIES,
    COLLECTION,
    INDEXES,
    NEWEST,
    OPEN,
    STREAMS,
    UNPUBLISHED,
    commit_of,
    document_of,
    streams_of,
)
from services.order.adapters.event_store.whole_orders import whole_orders
from services.order.adapters.store_errors_mongo import translated, unavailable
from services.order.adapters.times import time_of, time_text
from services.order.application.ports import Commit, OpenOrder, Position, Selection, Stream, VersionTaken
from services.order.domain.errors import StoreUnavailable

_ATTEMPTS = 2
_READ_BACK_SECONDS = 1.0
_COMMITS_PER_STREAM = 4

_log = structlog.get_logger()


class MongoEventStore:
    """Streams of orders in one collection. Reads go to the primary."""

    def __init__(
        self, database: mongo.Database, *, writer: CommitWriter, changes: ChangeNotifier, new_id: NewId
    ) -> None:
        self._database = database
        self._commits = database[COLLECTION]
        self._majority = self._commits.with_options(read_concern=ReadConcern("majority"))
        self._certain = self._commits.with_options(read_concern=ReadConcern("linearizable"))
        self._writer = writer
        self._changes = changes
        self._new_id = new_id

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, database: mongo.Database, *, changes: ChangeNotifier, new_id: NewId
    ) -> AsyncIterator[Self]:
        """The store, with its indexes in place.

        Raises:
            WrongIndex: One of them has another definition.
            StoreUnavailable: The server does not answer.
        """
        with translated():
            await mongo.ensure_indexes(database[COLLECTION], INDEXES)
        async with CommitWriter.opened(database[COLLECTION]) as writer:
            yield cls(database, writer=writer, changes=changes, new_id=new_id)

    async def append(self, commit: Commit) -> None:
        await self._insert(document_of(commit, self._new_id(), unpublished=True))
        if not commit.open and commit.version > 1:
            await self._mark_closed_behind(commit)
        self._changes.notify()
        note_write("order", f"{commit.order_id}:{commit.last_version}")

    async def restore(self, commits: Sequence[Commit]) -> None:
        kept, closed = closed_together(commits)
        documents = [document_of(commit, self._new_id(), unpublished=False) for commit in kept]
        with translated():
            try:
                await self._commits.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                if mongo.is_duplicate(error):
                    raise VersionTaken(f"one of {len(commits)} versions is there already") from None
                raise
            if closed:
                await self._commits.bulk_write([_closing(*each) for each in closed.items()], ordered=False)

    async def read(self, order_id: str) -> Stream | None:
        streams = await self.several([order_id])
        return streams[0] if streams else None

    async def several(self, order_ids: Sequence[str]) -> Sequence[Stream]:
        with translated():
            found = self._commits.find({"order_id": {"$in": list(order_ids)}}, hint=STREAMS)
            documents = await found.sort("order_id", ASCENDING).to_list()
        return list(streams_of(documents))

    async def streams(self, *, after: str | None, limit: int) -> Sequence[Stream]:
        documents: list[mongo.Document] = []
        seen = set()
        found = self._commits.find({"order_id": {"$gt": after or ""}}, hint=STREAMS)
        with translated():
            async with found.sort("order_id", ASCENDING).batch_size(_COMMITS_PER_STREAM * limit) as cursor:
                async for document in cursor:
                    seen.add(document["order_id"])
                    if len(seen) > limit:
                        break
                    documents.append(document)
        return list(streams_of(documents))

    async def bodies(self, *, after: str | None, limit: int) -> Sequence[tuple[str, Sequence[bytes]]]:
        wanted = {"order_id": {"$gt": after or ""}}
        with translated():
            found = self._commits.find(wanted, BODIES, hint=STREAMS).sort("order_id", ASCENDING)
            documents = await found.limit(limit).to_list()
        documents.sort(key=itemgetter("order_id", "version"))
        events = ((each["order_id"], event["body"]) for each in documents for event in each["events"])
        whole = whole_orders(events, more_follow=len(documents) == limit)
        return whole if whole or not documents else await self.bodies(after=after, limit=2 * limit)

    async def count(self) -> int:
        with translated():
            return await self._commits.count_documents({"version": 1}, hint=NEWEST)

    async def newest(self, selection: Selection, *, after: Position | None, limit: int) -> Sequence[Stream]:
        wanted = {"$and": [{"version": 1}, *_selected(selection), *_behind(after)]}
        with translated():
            found = self._commits.find(wanted, {"_id": False, "order_id": True})
            page = found.sort([("commit_time", DESCENDING), ("order_id", ASCENDING)]).limit(limit)
            order_ids = [document["order_id"] async for document in page]
        by_id = {stream.order_id: stream for stream in await self.several(order_ids)}
        return [by_id[order_id] for order_id in order_ids]

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        with translated():
            found = self._majority.find({"unpublished": True}, hint=UNPUBLISHED)
            if after is not None:
                order_id, version = after
                found = found.min([("order_id", order_id), ("version", version + 1)])
            page = found.sort([("order_id", ASCENDING), ("version", ASCENDING)]).limit(limit)
            return [commit_of(document) for document in await page.to_list()]

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        if not commits:
            return
        # By version: one update for many orders costs an eighth of as many updates.
        order_ids: defaultdict[int, list[str]] = defaultdict(list)
        for commit in commits:
            order_ids[commit.version].append(commit.order_id)
        with translated():
            await self._commits.bulk_write(
                [_publishing(each, version) for version, each in order_ids.items()], ordered=False
            )

    async def open_orders(self, *, after: OpenOrder | None, limit: int) -> Sequence[OpenOrder]:
        stages: list[dict[str, Any]] = [
            {"$match": {"open": True}},
            {"$group": {"_id": "$order_id", "since": {"$min": "$commit_time"}}},
            {"$sort": {"since": ASCENDING, "_id": ASCENDING}},
            {"$limit": limit},
        ]
        if after is not None:
            since = time_text(after.open_time)
            behind = [{"since": {"$gt": since}}, {"since": since, "_id": {"$gt": after.order_id}}]
            stages.insert(2, {"$match": {"$or": behind}})
        with translated():
            cursor = await self._commits.aggregate(stages, hint=OPEN)
            return [OpenOrder(each["_id"], time_of(each["since"])) async for each in cursor]

    async def mark_closed(self, order_id: str, version: int) -> None:
        with translated():
            await self._commits.bulk_write([_closing(order_id, version)])

    async def is_reachable(self) -> bool:
        return await mongo.is_reachable(self._database)

    async def _insert(self, document: mongo.Document) -> None:
        """Insert a commit. Where the answer was lost, what is stored answers."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._writer.insert(document)
            except PyMongoError as error:
                if await self._is_stored(document):
                    return
                if attempt == _ATTEMPTS:
                    raise unavailable(error) from None
            else:
                return

    async def _is_stored(self, document: mongo.Document) -> bool:
        """Whether this very commit is stored, for good.

        Raises:
            VersionTaken: Another one is, with one of its versions.
            StoreUnavailable: Nobody knows.
        """
        for event in document["events"]:
            version = {"order_id": document["order_id"], "events.version": event["version"]}
            with translated(), timeout(_READ_BACK_SECONDS):
                found = await self._certain.find_one(version, {"_id": True})
            if found is not None and found["_id"] != document["_id"]:
                raise VersionTaken(f"order {document['order_id']} has version {event['version']}")
            if found is not None:
                return True
        return False

    async def _mark_closed_behind(self, commit: Commit) -> None:
        try:
            await self.mark_closed(commit.order_id, commit.version)
        except StoreUnavailable:
            _log.info("left_to_the_process_manager", order_id=commit.order_id)


def _publishing(order_ids: Sequence[str], version: int) -> UpdateMany:
    these = {"order_id": {"$in": order_ids}, "version": version, "unpublished": True}
    return UpdateMany(these, {"$unset": {"unpublished": True}}, hint=UNPUBLISHED)


def _closing(order_id: str, version: int) -> UpdateMany:
    mine = {"order_id": order_id, "version": {"$lte": version}, "open": True}
    return UpdateMany(mine, {"$unset": {"open": True}}, hint=STREAMS)


def _selected(selection: Selection) -> Sequence[mongo.Document]:
    conditions: list[mongo.Document] = []
    if selection.customer_id is not None:
        conditions.append({"customer_id": selection.customer_id})
    if selection.min_place_time is not None:
        conditions.append({"commit_time": {"$gte": time_text(selection.min_place_time)}})
    if selection.max_place_time is not None:
        conditions.append({"commit_time": {"$lt": time_text(selection.max_place_time)}})
    return conditions


def _behind(after: Position | None) -> Sequence[mongo.Document]:
    if after is None:
        return ()
    time = time_text(after.place_time)
    # The first condition bounds the index, the second one is exact.
    behind = [{"commit_time": {"$lt": time}}, {"commit_time": time, "order_id": {"$gt": after.order_id}}]
    return ({"commit_time": {"$lte": time}}, {"$or": behind})
