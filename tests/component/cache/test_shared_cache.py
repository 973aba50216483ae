"""The shared cache on a real Redis-protocol server."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from redis.asyncio import Redis

from mesh.cache.entry import ABSENT, Entry
from mesh.cache.redis_invalidations import follow_invalidations
from tests.component.cache.conftest import CHANNEL, Process
from tests.support.cached import Source
from tests.support.events import running
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

Start: TypeAlias = Callable[..., Awaitable[Process]]
SHORT_SECONDS = 0.2

RED_1 = Entry("MUG-RED v1", 1)
RED_2 = Entry("MUG-RED v2", 2)


async def test_what_one_process_has_loaded_another_finds(
    server: Valkey, start: Start, source: Source
) -> None:
    here, there = await start(server), await start(server)

    await here.cache.find(["MUG-RED", "MUG-GONE"])
    await here.idle()
    found = await there.cache.find(["MUG-GONE", "MUG-RED"])

    assert found == {"MUG-RED": "MUG-RED v1"}
    assert len(source.reads) == 1


async def test_a_batch_is_one_round_trip(server: Valkey, start: Start) -> None:
    here = await start(server)
    await here.shared.read(["MUG-RED"])

    async with Redis.from_url(server.url) as redis:
        before = (await redis.info("commandstats")).get("cmdstat_mget", {"calls": 0})["calls"]
        await here.shared.read([f"SKU-{number}" for number in range(500)])
        after = (await redis.info("commandstats"))["cmdstat_mget"]["calls"]

    assert after - before == 1


async def test_an_older_version_does_not_replace_a_newer_one(server: Valkey, start: Start) -> None:
    here, there = await start(server), await start(server)
    await here.shared.read(["MUG-RED"])
    slow, quick = await here.shared.read(["MUG-RED"]), await there.shared.read(["MUG-RED"])

    await there.shared.write({"MUG-RED": RED_2}, quick.leases)
    await here.shared.write({"MUG-RED": RED_1}, slow.leases)

    assert (await here.shared.read(["MUG-RED"])).entries == {"MUG-RED": RED_2}


async def test_what_was_asked_for_before_an_invalidation_is_not_stored_after_it(
    server: Valkey, start: Start
) -> None:
    slow, writer = await start(server), await start(server)
    await slow.shared.read(["MUG-RED"])
    seen = await slow.shared.read(["MUG-RED"])

    writer.shared.invalidate(["MUG-RED"])
    await writer.idle()
    await slow.shared.write({"MUG-RED": RED_1}, seen.leases)

    assert not (await slow.shared.read(["MUG-RED"])).entries
    again = await slow.shared.read(["MUG-RED"])
    await slow.shared.write({"MUG-RED": RED_2}, again.leases)
    assert (await writer.shared.read(["MUG-RED"])).entries == {"MUG-RED": RED_2}


async def test_an_invalidation_drops_what_is_there(server: Valkey, start: Start, source: Source) -> None:
    here, there = await start(server), await start(server)
    await here.cache.find(["MUG-RED", "MUG-BLUE"])
    await here.idle()

    source.commit("MUG-RED")
    here.cache.invalidate(["MUG-RED"])
    await here.idle()

    assert await there.cache.find(["MUG-RED", "MUG-BLUE"]) == {
        "MUG-RED": "MUG-RED v2",
        "MUG-BLUE": "MUG-BLUE v1",
    }
    assert source.reads == [("MUG-RED", "MUG-BLUE"), ("MUG-RED",)]


async def test_until_an_invalidation_is_acknowledged_its_own_process_does_not_look(
    server: Valkey, start: Start, source: Source
) -> None:
    here = await start(server)
    await here.cache.find(["MUG-RED"])
    await here.idle()

    async with Redis.from_url(server.url) as redis:
        await redis.client_pause(10_000, all=False)
        source.commit("MUG-RED")
        here.cache.invalidate(["MUG-RED"])
        found = await here.cache.find(["MUG-RED"])
        await redis.client_unpause()

    assert found == {"MUG-RED": "MUG-RED v2"}


async def test_what_does_not_exist_is_shared_too(server: Valkey, start: Start) -> None:
    here = await start(server)
    await here.shared.read(["MUG-GONE"])
    seen = await here.shared.read(["MUG-GONE"])

    await here.shared.write({"MUG-GONE": Entry(None, ABSENT)}, seen.leases)

    assert (await here.shared.read(["MUG-GONE"])).entries == {"MUG-GONE": Entry(None, ABSENT)}


@pytest.mark.parametrize("nonsense", [b"", b"x", b"epoch mark two body", b"\xff\xfe \xff", b"    "])
async def test_what_others_have_written_there_counts_as_absent(
    server: Valkey, start: Start, nonsense: bytes
) -> None:
    here = await start(server)
    await here.shared.read(["MUG-RED"])
    async with Redis.from_url(server.url) as redis:
        await redis.set("test:text:MUG-RED", nonsense)

    assert not (await here.shared.read(["MUG-RED"])).entries


async def test_a_flushed_server_is_filled_again(server: Valkey, start: Start, source: Source) -> None:
    here, there = await start(server), await start(server)
    await here.cache.find(["MUG-RED"])
    await here.idle()
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()

    assert await there.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v1"}
    await there.idle()
    here.cache.forget_all()
    assert await here.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v1"}

    assert len(source.reads) == 2


async def test_what_was_asked_for_before_a_flush_is_not_stored_after_it(server: Valkey, start: Start) -> None:
    slow, writer = await start(server), await start(server)
    await slow.shared.read(["MUG-RED"])
    seen = await slow.shared.read(["MUG-RED"])

    writer.shared.invalidate(["MUG-RED"])
    await writer.idle()
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()
    await writer.shared.read(["MUG-RED"])
    await slow.shared.write({"MUG-RED": RED_1}, seen.leases)

    assert not (await slow.shared.read(["MUG-RED"])).entries


async def test_another_process_forgets_what_is_invalidated_here(
    server: Valkey, start: Start, source: Source
) -> None:
    here, there = await start(server), await start(server)
    listening = follow_invalidations(
        server.url, CHANNEL, sender="there", forget=there.cache.forget, forget_all=there.cache.forget_all
    )
    async with running(listening):
        await eventually(lambda: _is_heard(server), "the other process listens")
        await there.cache.find(["MUG-RED"])
        await there.idle()

        source.commit("MUG-RED")
        here.cache.invalidate(["MUG-RED"])

        await eventually(lambda: _finds(there, "MUG-RED v2"), "the other process finds the change")


async def test_a_process_forgets_everything_when_it_begins_to_listen(server: Valkey, start: Start) -> None:
    forgotten = asyncio.Event()
    listening = follow_invalidations(
        server.url, CHANNEL, sender="there", forget=lambda _keys: None, forget_all=forgotten.set
    )

    async with running(listening), asyncio.timeout(20):
        await forgotten.wait()


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_silent_server_is_left_alone_and_every_question_is_answered(
    start_valkey: Callable[[], Valkey], start: Start, source: Source, fault: signal.Signals
) -> None:
    server = start_valkey()
    here = await start(server, timeout_seconds=SHORT_SECONDS)
    await here.cache.find(["MUG-RED"])
    await here.idle()

    os.kill(server.pid, fault)
    source.commit("MUG-RED")
    here.cache.invalidate(["MUG-RED"])
    answers = await asyncio.gather(*(here.cache.find(["MUG-RED"]) for _ in range(200)))
    await here.idle()

    assert answers == [{"MUG-RED": "MUG-RED v2"}] * 200
    assert not here.breaker.is_closed
    # The database is asked once for all of them.
    assert len(source.reads) == 2


async def test_an_invalidation_that_never_reached_the_server_is_made_good_for_before_anything_is_read(
    server: Valkey, start: Start, source: Source
) -> None:
    here, there = await start(server), await start(server)
    await here.cache.find(["MUG-RED"])
    await here.idle()

    here.breaker.failed()
    source.commit("MUG-RED")
    here.cache.invalidate(["MUG-RED"])
    await here.idle()
    here.clock.now += 1

    assert await here.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}
    assert await there.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}


async def test_a_server_that_comes_back_does_not_bring_back_what_was_invalidated_meanwhile(
    start_valkey: Callable[[], Valkey], start: Start, source: Source
) -> None:
    server = start_valkey()
    here, there = await start(server, timeout_seconds=SHORT_SECONDS), await start(server)
    await here.cache.find(["MUG-RED"])
    await here.idle()

    os.kill(server.pid, signal.SIGSTOP)
    source.commit("MUG-RED")
    here.cache.invalidate(["MUG-RED"])
    await here.idle()
    os.kill(server.pid, signal.SIGCONT)
    here.clock.now += 1
    here.cache.forget_all()

    assert await here.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}
    await here.idle()
    assert here.breaker.is_closed
    assert await there.cache.find(["MUG-RED"]) == {"MUG-RED": "MUG-RED v2"}
    assert len(source.reads) == 2


async def _is_heard(server: Valkey) -> bool:
    async with Redis.from_url(server.url) as redis:
        return dict(await redis.pubsub_numsub(CHANNEL))[CHANNEL.encode()] > 0


async def _finds(process: Process, text: str) -> bool:
    return await process.cache.find(["MUG-RED"]) == {"MUG-RED": text}
