"""What goes on for ever beside the calls ends at whichever moment it is cancelled, and once is enough.

Where an answer of MongoDB and the cancellation come together, the driver loses the latter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from mesh.event_log import open_event_log
from mesh.mongodb.client import database_of, is_reachable, open_client
from mesh.server.health import Health
from mesh.settings import MeshSettings
from services.order.adapters.event_store.commit_writer_mongo import CommitWriter
from services.order.adapters.event_store.commits_mongo import COLLECTION, document_of
from services.order.adapters.event_store.relay import Relay
from services.order.entrypoints.background import manage
from tests.support.commits import commit
from tests.support.order_world import FreeLease, OrderWorld, Steps, mugs, open_world

_MOMENTS = 300
_WITHIN_SECONDS = 5.0


@pytest.fixture
async def world(tmp_path: Path, mongodb_url: str) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path, mongodb_url=mongodb_url) as opened:
        yield opened


async def assert_ends_whenever_cancelled(loop: Callable[[], Awaitable[None]]) -> None:
    for moment in range(_MOMENTS):
        task = asyncio.ensure_future(loop())
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(_WITHIN_SECONDS):
            await asyncio.wait([task])
        assert task.cancelled()


async def test_the_relay_ends(world: OrderWorld, tmp_path: Path) -> None:
    await world.place(mugs())
    adapters = world.adapters
    async with open_event_log(MeshSettings(home=tmp_path)) as log:
        relay = Relay(
            store=adapters.store,
            log=log,
            heads=adapters.heads,
            changes=adapters.changes,
            lease=FreeLease(),
            reached=Steps(),
        )

        await assert_ends_whenever_cancelled(relay.run)


async def test_the_process_manager_ends(world: OrderWorld) -> None:
    await assert_ends_whenever_cancelled(partial(manage, world.use_cases.manager))


async def test_health_probes_end(mongodb_url: str) -> None:
    async with open_client(mongodb_url) as client:
        probe = partial(is_reachable, database_of(client, mongodb_url, "order"))

        await assert_ends_whenever_cancelled(Health(names=(), hard={"order.mongodb": probe}, soft={}).run)


async def test_the_writer_ends_and_what_it_took_is_stored_or_not(mongodb_url: str) -> None:
    async with open_client(mongodb_url) as client:
        commits = database_of(client, mongodb_url, "order")[COLLECTION]

        async def insert(number: int) -> None:
            async with CommitWriter.opened(commits) as writer:
                document = document_of(commit(f"order-{number}"), f"commit-{number}", unpublished=True)
                inserting = asyncio.create_task(writer.insert(document))
                for _ in range(number):
                    await asyncio.sleep(0)
            inserting.cancel()

        for number in range(_MOMENTS):
            async with asyncio.timeout(_WITHIN_SECONDS):
                await insert(number)

        assert 0 < await commits.count_documents({}) <= _MOMENTS
