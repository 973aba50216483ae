"""Inserts the commits that wait at the same time together: one round trip and one flush for all of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.concurrency.group_commit import GroupCommit
from mesh.concurrency.task_group import Tasks
from mesh.mongodb.client import DUPLICATE_KEY, Collection, Document, count_query

_MOST_AT_ONCE = 256


class CommitWriter:
    """Group commit; every document has its own outcome."""

    def __init__(self, collection: Collection, tasks: Tasks) -> None:
        self._collection = collection
        self._commits = GroupCommit(self._insert, most=_MOST_AT_ONCE, tasks=tasks, detached=True)

    @classmethod
    @asynccontextmanager
    async def opened(cls, collection: Collection) -> AsyncIterator[Self]:
        """A writer that works until the end of the context."""
        async with Tasks() as tasks:
            yield cls(collection, tasks)

    async def insert(self, document: Document) -> None:
        """Insert a document durably.

        Raises:
            DuplicateKeyError: A document with its id or with one of its versions is there.
            PyMongoError: It may be stored or not.
        """
        count_query()
        await self._commits.submit(document)

    async def _insert(self, documents: Sequence[Document]) -> Sequence[Exception | None]:
        errors: Mapping[int, Exception] = {}
        try:
            async with redeliver_cancellation():
                await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            errors = _errors_of(error, len(documents))
        return [errors.get(index) for index in range(len(documents))]


def _errors_of(error: BulkWriteError, size: int) -> Mapping[int, PyMongoError]:
    refused = {each["index"]: _refusal(each) for each in error.details["writeErrors"]}
    if error.details["writeConcernErrors"]:
        # Inserted, but perhaps not for good.
        return dict.fromkeys(range(size), error) | refused
    return refused


def _refusal(error: Mapping[str, Any]) -> PyMongoError:
    if error["code"] == DUPLICATE_KEY:
        return DuplicateKeyError("a version is taken", error["code"])
    return PyMongoError(f"refused with code {error['code']}")
