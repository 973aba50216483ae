"""Commits in MongoDB, told by its change stream."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from mesh.mongo import Collection
from mesh.waking import Waking

_POLL_SECONDS = 0.5
_INSERTED: Sequence[Mapping[str, Any]] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {"_id": True}},
]

_log = structlog.get_logger()


class MongoChanges(Waking):
    """Tells every waiter of this process that something was inserted, by whichever process."""

    def __init__(self, collection: Collection, *, poll_seconds: float = _POLL_SECONDS) -> None:
        super().__init__()
        self._collection = collection
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Watch the collection; never returns. Without the stream the waiters look now and then."""
        while True:
            try:
                await self._watch()
            except PyMongoError as error:
                _log.warning("change_stream_broke", error=type(error).__name__)
            await asyncio.sleep(self._poll_seconds)
            self.notify()

    async def _watch(self) -> None:
        async with await self._collection.watch(_INSERTED) as stream:
            # What was inserted before the stream began is told by nobody else.
            self.notify()
            async for _ in stream:
                self.notify()
