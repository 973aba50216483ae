"""Commits in MongoDB, notified by its change stream."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.mongodb.client import Collection

_POLL_SECONDS = 0.5
_AWAIT_MS = 1000
"""How long the server keeps a question that it has no answer to; below `OPERATION_SECONDS`."""
_INSERTED: Sequence[Mapping[str, Any]] = [
    {"$match": {"operationType": "insert"}},
    {"$project": {"_id": True}},
]

_log = structlog.get_logger()


class MongoChanges(ChangeNotifier):
    """Notifies every waiter of this process of what any process has inserted."""

    def __init__(self, collection: Collection, *, poll_seconds: float = _POLL_SECONDS) -> None:
        super().__init__()
        self._collection = collection
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Watch the collection; never returns. Without the stream the waiters look now and then."""
        while True:
            async with redeliver_cancellation():
                try:
                    await self._watch()
                except PyMongoError as error:
                    _log.warning("change_stream_broke", error=type(error).__name__)
            await asyncio.sleep(self._poll_seconds)
            self.notify()

    async def _watch(self) -> None:
        async with AsyncExitStack() as stack:
            async with redeliver_cancellation():
                stream = await self._collection.watch(_INSERTED, max_await_time_ms=_AWAIT_MS)
                stack.push_async_exit(stream)
            # The stream does not notify of what was inserted before it began.
            self.notify()
            # Question by question, each with the client's time: `async for` has it once for all of them.
            while stream.alive:
                async with redeliver_cancellation():
                    change = await stream.try_next()
                if change:
                    self.notify()
