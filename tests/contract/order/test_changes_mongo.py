"""Being notified of commits of another process, with the change stream and without it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from mesh.backends.running import Server
from mesh.mongodb.client import Collection, database_of, open_client
from services.order.adapters.event_store.changes_mongo import MongoChanges
from services.order.adapters.event_store.commits_mongo import COLLECTION
from services.order.adapters.event_store.event_store_mongo import MongoEventStore
from tests.support.commits import commit
from tests.support.events import running
from tests.support.mongo_stores import open_mongo_store, port_of, through
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.waiting import eventually

WITHIN_SECONDS = 20.0
ANSWERS_OF_AN_IDLE_STREAM = 6
"""More than the server gives to one stream while a single operation may last."""


async def woken(changes: MongoChanges, seen: int) -> None:
    """What was seen before is not the last; fails when nothing more comes in time."""
    async with asyncio.timeout(WITHIN_SECONDS):
        assert await changes.wait_for_change(seen) > seen


async def answers_of_streams(commits: Collection) -> Sequence[int]:
    """How often the server has answered each stream over the collection that is open now."""
    stages: Sequence[Mapping[str, Any]] = [
        {"$currentOp": {"idleCursors": True}},
        {"$match": {"ns": commits.full_name, "cursor.tailable": True}},
    ]
    cursor = await commits.database.client.admin.aggregate(stages)
    return [int(each["cursor"]["nBatchesReturned"]) for each in await cursor.to_list()]


@pytest.fixture
async def proxy(mongodb: Server) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(port_of(mongodb.url)) as proxy:
        yield proxy


@pytest.fixture
async def changes(mongodb_url: str, proxy: TcpProxy) -> AsyncIterator[MongoChanges]:
    """Those of a process behind the proxy, which has seen the stream begin."""
    url = through(mongodb_url, proxy.port)
    async with open_client(url) as client:
        watched = MongoChanges(database_of(client, url, "order")[COLLECTION], poll_seconds=0.05)
        async with running(watched.run()):
            await woken(watched, 0)
            yield watched


@pytest.fixture
async def store(mongodb_url: str) -> AsyncIterator[MongoEventStore]:
    """The store of another process."""
    async with open_mongo_store(mongodb_url) as opened:
        yield opened


async def test_a_commit_of_another_process_wakes(changes: MongoChanges, store: MongoEventStore) -> None:
    seen = changes.count

    await store.append(commit())

    await woken(changes, seen)


async def test_a_stream_lasts_while_nothing_happens(
    changes: MongoChanges, store: MongoEventStore, mongodb_url: str
) -> None:
    async with open_client(mongodb_url) as client:
        commits = database_of(client, mongodb_url, "order")[COLLECTION]

        async def has_lasted() -> bool:
            return ANSWERS_OF_AN_IDLE_STREAM in await answers_of_streams(commits)

        await eventually(has_lasted, "one stream has been asked again and again")
    seen = changes.count

    await store.append(commit())

    await woken(changes, seen)


async def test_watching_ends_when_it_is_cancelled(mongodb_url: str) -> None:
    async with open_client(mongodb_url) as client:
        changes = MongoChanges(database_of(client, mongodb_url, "order")[COLLECTION])
        watching = asyncio.create_task(changes.run())
        await woken(changes, 0)

        watching.cancel()

        async with asyncio.timeout(WITHIN_SECONDS):
            await asyncio.wait([watching])
        assert watching.cancelled()


async def test_a_commit_during_a_broken_stream_wakes_too(
    changes: MongoChanges, store: MongoEventStore, proxy: TcpProxy
) -> None:
    proxy.reset()
    seen = changes.count

    await store.append(commit())

    await woken(changes, seen)


async def test_whoever_waits_looks_now_and_then_while_the_server_is_silent(
    changes: MongoChanges, proxy: TcpProxy
) -> None:
    proxy.pause()

    for _ in range(2):
        seen = changes.count
        await woken(changes, seen)
