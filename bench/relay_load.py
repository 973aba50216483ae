"""Stores, relay and event log in this process, as the order service has them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.commits import new_commit
from bench.cores import DRIVER, pin
from bench.plan import Plan, in_silence
from mesh.backends.kafka import KafkaBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import running
from mesh.event_log import EventLog, open_event_log
from mesh.settings import MeshSettings
from services.order.adapters.event_store.relay import Relay
from services.order.adapters.head_log_file import FileHeadLog
from services.order.config import Settings
from services.order.stores import Stores, open_stores

_CLIENTS = 64


@dataclass(frozen=True, slots=True)
class RelayStack:
    """What carries commits from the store into the log."""

    stores: Stores
    log: EventLog
    relay: Relay

    async def append_many(self, count: int) -> None:
        """Store commits that wait for the relay."""
        commits = [new_commit() for _ in range(count)]
        for first in range(0, count, _CLIENTS):
            await asyncio.gather(*map(self.stores.events.append, commits[first : first + _CLIENTS]))


@asynccontextmanager
async def open_relay_stack(settings: MeshSettings) -> AsyncIterator[RelayStack]:
    """Open everything that the settings name."""
    own = Settings.of(settings)
    async with open_stores(own) as stores, open_event_log(settings) as log:
        relay = Relay(
            store=stores.events,
            log=log,
            heads=FileHeadLog(own.head_log, key=bytes(32)),
            changes=stores.changes,
            lease=stores.relay_lease,
            reached=_nothing,
        )
        watching = asyncio.create_task(stores.changes.run())
        # As a service does before it serves: what the bench has made so far is not looked through again.
        gc.collect()
        gc.freeze()
        try:
            yield RelayStack(stores, log, relay)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


@asynccontextmanager
async def real_servers(plan: Plan) -> AsyncIterator[Mapping[str, str]]:
    """MongoDB and Kafka beside the driver; yields the settings that name them."""
    variables = {}
    async with AsyncExitStack() as stack:
        for backend in (MongodbBackend(), KafkaBackend()):
            server = await stack.enter_async_context(
                running(backend, plan.room(f"p10-{backend.name}"), say=in_silence)
            )
            pin(server.pid, DRIVER)
            variables[backend.variable] = server.url
        yield variables


def _nothing(_step: str) -> None:
    """No process dies here on purpose."""
