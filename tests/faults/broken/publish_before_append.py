"""An order service that tells the event log of what it is about to store."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from unittest.mock import patch

from mesh.event_log import EventLog, Record, open_event_log
from mesh.server import failpoints
from mesh.server.process import run
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.order import server
from services.order.application.ports import Commit, EventStore
from services.order.config import Settings
from services.order.stores import Stores, open_stores


class HastyStore:
    """Publishes, then appends; all else is the store's."""

    def __init__(self, store: EventStore, log: EventLog) -> None:
        self._store = store
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, commit: Commit) -> None:
        for event in commit.events:
            await self._log.publish(
                Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)
            )
        failpoints.reached("event_published")
        await self._store.append(commit)


@asynccontextmanager
async def _hasty_stores(settings: Settings) -> AsyncIterator[Stores]:
    mesh = MeshSettings.from_environ(os.environ)
    async with open_stores(settings) as stores, open_event_log(mesh) as log:
        yield replace(stores, events=cast(EventStore, HastyStore(stores.events, log)))


if __name__ == "__main__":
    with patch.object(server, "open_stores", _hasty_stores):
        run("order", server.compose)
