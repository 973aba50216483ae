"""Inserts the commits that wait at the same time together: one round trip and one flush for all of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.mongodb.client import DUPLICATE_KEY, Collection, Document, count_query

_MOST_AT_ONCE = 256

_Waiting = tuple[Document, asyncio.Future[None]]


class CommitWriter:
    """Group commit. Every document has its own outcome; a cancelled caller's is inserted all the same."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def opened(cls, collection: Collection) -> AsyncIterator[Self]:
        """A writer that works until the end of the context."""
        writer = cls(collection)
        work = asyncio.create_task(writer._work())
        try:
            yield writer
        finally:
            work.cancel()
            await asyncio.wait([work])

    async def insert(self, document: Document) -> None:
        """Insert a document durably.

        Raises:
            DuplicateKeyError: A document with its id or with one of its versions is there.
            PyMongoError: It may be stored or not.
        """
        outcome = asyncio.get_running_loop().create_future()
        count_query()
        self._waiting.append((document, outcome))
        self._arrived.set()
        await outcome

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            group, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            if not self._waiting:
                self._arrived.clear()
            async with redeliver_cancellation():
                await self._insert(group)

    async def _insert(self, group: Sequence[_Waiting]) -> None:
        errors: Mapping[int, Exception] = {}
        try:
            await self._collection.insert_many([document for document, _ in group], ordered=False)
        except BulkWriteError as error:
            errors = _errors_of(error, len(group))
        except Exception as error:  # noqa: BLE001 - the edge: whatever befell this group, the next may go on
            errors = dict.fromkeys(range(len(group)), error)
        for index, (_, outcome) in enumerate(group):
            _resolve(outcome, errors.get(index))


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


def _resolve(outcome: asyncio.Future[None], error: Exception | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(None)
    else:
        outcome.set_exception(error)
