"""What the event store does when MongoDB, or the way to it, fails."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from pymongo import ASCENDING

from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import Server, serving
from mesh.mongodb.client import OPERATION_SECONDS, WrongIndex, database_of, open_client
from services.kernel.ids import uuid7
from services.order.adapters.event_store.commits_mongo import COLLECTION, STREAMS, UNPUBLISHED
from services.order.adapters.event_store.event_store_mongo import MongoEventStore
from services.order.application.ports import EventStore, VersionTaken
from services.order.domain.errors import StoreUnavailable
from tests.support.commits import commit
from tests.support.mongo_stores import open_mongo_store, port_of, through
from tests.support.real_servers import OwnPlace
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.waiting import eventually

APPENDERS = 64
BACK_WITHIN_SECONDS = 10.0


@pytest.fixture
async def proxy(mongodb: Server) -> AsyncIterator[TcpProxy]:
    async with tcp_proxy(port_of(mongodb.url)) as proxy:
        yield proxy


@pytest.fixture
async def store(mongodb_url: str) -> AsyncIterator[MongoEventStore]:
    """The store of a process whose way to the server is sound."""
    async with open_mongo_store(mongodb_url) as opened:
        yield opened


@pytest.fixture(params=["", "&retryWrites=false"], ids=["driver retries", "driver gives up"])
async def proxied(
    request: pytest.FixtureRequest, mongodb_url: str, proxy: TcpProxy
) -> AsyncIterator[MongoEventStore]:
    """The store of a process behind the proxy."""
    async with open_mongo_store(through(mongodb_url, proxy.port, options=request.param)) as opened:
        yield opened


async def is_stored(store: EventStore) -> bool:
    return await store.read("order-1") is not None


async def versions(store: EventStore) -> list[int]:
    stream = await store.read("order-1")
    return [] if stream is None else [event.version for event in stream.events]


async def takes_commits(store: EventStore) -> bool:
    with suppress(StoreUnavailable):
        await store.append(commit(f"order-{uuid7()}"))
        return True
    return False


async def append_somewhere(store: EventStore) -> None:
    """Append behind whatever is there, as often as it takes."""
    while True:
        with suppress(VersionTaken):
            return await store.append(commit(versions=(len(await versions(store)) + 1,)))


async def test_parallel_appenders_of_an_order_leave_no_gap_and_no_twin(
    mongodb_url: str, store: MongoEventStore
) -> None:
    async with open_mongo_store(mongodb_url) as other:
        await asyncio.gather(*(append_somewhere((store, other)[number % 2]) for number in range(APPENDERS)))

    assert await versions(store) == list(range(1, APPENDERS + 1))


async def test_an_append_whose_answer_was_lost_is_known_by_what_is_stored(
    store: MongoEventStore, proxied: MongoEventStore, proxy: TcpProxy
) -> None:
    await is_stored(proxied)
    proxy.lose_answers()

    append = asyncio.create_task(proxied.append(commit()))
    await eventually(lambda: is_stored(store), "the commit arrives")
    proxy.resume()
    proxy.reset()

    await append
    assert await versions(store) == [1]


async def test_an_append_that_came_too_late_is_told_of_the_winner(
    store: MongoEventStore, proxied: MongoEventStore, proxy: TcpProxy
) -> None:
    await is_stored(proxied)
    proxy.pause()

    append = asyncio.create_task(proxied.append(commit(content="late ")))
    await store.append(commit(content="winner "))
    proxy.resume()

    with pytest.raises(VersionTaken):
        await append


async def test_an_append_is_never_a_success_while_nobody_answers(
    store: MongoEventStore, proxied: MongoEventStore, proxy: TcpProxy
) -> None:
    await is_stored(proxied)
    proxy.lose_answers()

    with pytest.raises(StoreUnavailable):
        await proxied.append(commit())

    assert await is_stored(store)


async def test_every_wait_ends_when_the_server_stands_still(
    proxied: MongoEventStore, proxy: TcpProxy
) -> None:
    await is_stored(proxied)
    proxy.pause()

    async with asyncio.timeout(3 * OPERATION_SECONDS):
        with pytest.raises(StoreUnavailable):
            await proxied.append(commit())
        assert not await proxied.is_reachable()


async def test_a_killed_server_keeps_every_acknowledged_commit_and_is_back_soon(own_place: OwnPlace) -> None:
    backend, place = MongodbBackend(), own_place(MongodbBackend())
    acknowledged: list[str] = []

    async def append_until_it_fails(store: EventStore, appender: int) -> None:
        with suppress(StoreUnavailable):
            for number in range(10_000):
                await store.append(commit(f"order-{appender}-{number}"))
                acknowledged.append(f"order-{appender}-{number}")

    async def are_many() -> bool:
        return len(acknowledged) > 200

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(backend, place))
        store = await stack.enter_async_context(open_mongo_store(server.url))
        appenders = [asyncio.create_task(append_until_it_fails(store, number)) for number in range(8)]
        await eventually(are_many, "many commits are acknowledged")
        os.kill(server.pid, signal.SIGKILL)
        await asyncio.gather(*appenders)
        assert not await store.is_reachable()

        await stack.enter_async_context(serving(backend, place))

        await eventually(lambda: takes_commits(store), "the store takes commits", seconds=BACK_WITHIN_SECONDS)
        assert {each.order_id for each in await store.several(acknowledged)} == set(acknowledged)


@pytest.mark.parametrize(
    ("keys", "options", "problem"),
    [
        (("order_id", "events.version"), {"name": STREAMS}, "index streams of .* another definition"),
        (("events.version", "order_id"), {"name": STREAMS, "unique": True}, "index streams of .* another"),
        (
            ("order_id", "version"),
            {"name": UNPUBLISHED},
            "index commits_unpublished of .* another",
        ),
        (
            ("order_id", "events.version"),
            {"name": "mine", "unique": True},
            "index streams of .* is there as mine",
        ),
    ],
)
async def test_an_index_with_another_definition_is_refused_by_its_name(
    mongodb_url: str, keys: Sequence[str], options: Mapping[str, Any], problem: str
) -> None:
    async with open_client(mongodb_url) as client:
        commits = database_of(client, mongodb_url, "order")[COLLECTION]
        await commits.create_index([(key, ASCENDING) for key in keys], **options)

        with pytest.raises(WrongIndex, match=problem):
            async with open_mongo_store(mongodb_url):
                raise AssertionError("it opened")


async def test_a_collection_that_breaks_the_rule_is_refused(mongodb_url: str) -> None:
    async with open_client(mongodb_url) as client:
        commits = database_of(client, mongodb_url, "order")[COLLECTION]
        twin = {"order_id": "order-1", "events": [{"version": 1}]}
        await commits.insert_many([dict(twin), dict(twin)])

        with pytest.raises(WrongIndex, match="unique index"):
            async with open_mongo_store(mongodb_url):
                raise AssertionError("it opened")
