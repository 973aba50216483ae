"""What every limiter does, in the process and on a real Redis-protocol server."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import count

import pytest
import uvloop
from redis.asyncio import Redis

from interceptors.rate_limit.gcra import Limiter, LocalLimiter
from interceptors.rate_limit.redis_limiter import RedisLimiter
from mesh.contract import LimitClass, LimitPer
from tests.support.hanging_up import hanging_up
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

SLOW = LimitClass("slow", LimitPer.CALLER, rate_per_minute=1, burst=5, undivided=False, purpose="")


@pytest.fixture(params=["local", "redis"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param == "local":
        yield LocalLimiter()
        return
    valkey: Valkey = request.getfixturevalue("valkey")
    async with Redis.from_url(valkey.url) as redis:
        await redis.flushall()
        yield RedisLimiter(redis=redis, fallback=_Never())


class _Never(LocalLimiter):
    def admit(self, limit: LimitClass, key: str) -> float:
        raise AssertionError("the server answers, so nothing is counted elsewhere")


async def admit(limiter: Limiter, limit: LimitClass, key: str) -> float:
    wait_seconds = limiter.admit(limit, key)
    return wait_seconds if isinstance(wait_seconds, float) else await wait_seconds


async def test_a_burst_is_admitted_and_no_more(limiter: Limiter) -> None:
    waits = [await admit(limiter, SLOW, "alice") for _ in range(6)]

    assert waits[:5] == [0.0] * 5
    assert 0 < waits[5] <= 60


async def test_fifty_at_once_share_one_bucket(limiter: Limiter) -> None:
    waits = await asyncio.gather(*(admit(limiter, SLOW, "alice") for _ in range(50)))

    assert sum(wait == 0 for wait in waits) == 5


async def test_callers_and_classes_do_not_share_a_bucket(limiter: Limiter) -> None:
    for _ in range(5):
        await admit(limiter, SLOW, "alice")

    assert await admit(limiter, SLOW, "bob") == 0
    assert await admit(limiter, replace(SLOW, name="other"), "alice") == 0


async def test_a_refused_call_does_not_prolong_the_wait(limiter: Limiter) -> None:
    for _ in range(5):
        await admit(limiter, SLOW, "alice")
    first = await admit(limiter, SLOW, "alice")

    for _ in range(20):
        assert await admit(limiter, SLOW, "alice") <= first


async def test_the_bucket_refills_with_time() -> None:
    now = 0.0
    limiter = LocalLimiter(monotonic=lambda: now)
    for _ in range(5):
        await admit(limiter, SLOW, "alice")

    wait = await admit(limiter, SLOW, "alice")
    now += wait

    assert await admit(limiter, SLOW, "alice") == 0
    assert await admit(limiter, SLOW, "alice") > 0


async def test_workers_that_cannot_share_a_counter_divide_a_class_but_not_a_promised_one() -> None:
    async def admitted(limit: LimitClass) -> int:
        limiter = LocalLimiter(workers=2)
        return sum([await admit(limiter, limit, "alice") == 0 for _ in range(20)])

    assert await admitted(replace(SLOW, burst=10)) == 5
    assert await admitted(replace(SLOW, burst=10, undivided=True)) == 10


@pytest.mark.parametrize(("others", "is_known"), [(100_000, True), (200_000, False)])
async def test_a_caller_is_known_until_a_great_many_others_have_come(others: int, is_known: bool) -> None:
    limiter = LocalLimiter(monotonic=lambda: 0.0)
    for _ in range(5):
        await admit(limiter, SLOW, "alice")

    for number in range(others):
        await admit(limiter, SLOW, f"caller {number}")

    assert (await admit(limiter, SLOW, "alice") > 0) is is_known


async def test_a_refused_caller_who_keeps_trying_is_not_forgotten() -> None:
    limiter = LocalLimiter(monotonic=lambda: 0.0)
    for _ in range(5):
        await admit(limiter, SLOW, "alice")

    for number in range(250_000):
        await admit(limiter, SLOW, f"caller {number}")
        if number % 50_000 == 0:
            assert await admit(limiter, SLOW, "alice") > 0


async def test_a_server_whose_clock_was_set_back_makes_nobody_wait_longer(valkey: Valkey) -> None:
    async with RedisLimiter.connect(valkey.url, fallback=_Never()) as limiter:
        async with Redis.from_url(valkey.url) as redis:
            await redis.set("limit:slow:alice", str(time.time() + 3600))

        assert 0 < await admit(limiter, SLOW, "alice") <= 60


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_silent_server_never_opens_the_limit(
    fault: signal.Signals, start_valkey: Callable[[], Valkey]
) -> None:
    valkey = start_valkey()
    async with RedisLimiter.connect(valkey.url, fallback=LocalLimiter()) as limiter:
        assert await admit(limiter, SLOW, "alice") == 0

        os.kill(valkey.pid, fault)
        waits = [await admit(limiter, SLOW, "alice") for _ in range(10)]

    assert sum(wait == 0 for wait in waits) == 5


def test_a_server_that_hangs_up_at_once_is_a_silent_one_on_the_loop_of_the_services_too() -> None:
    async def waits() -> list[float]:
        # By this clock the pause behind each call is over at the next one.
        hourly = count(step=3600)
        with hanging_up() as port:
            async with Redis.from_url(f"redis://127.0.0.1:{port}", socket_timeout=1) as redis:
                limiter = RedisLimiter(redis=redis, fallback=LocalLimiter(), monotonic=lambda: next(hourly))
                return [await admit(limiter, SLOW, "alice") for _ in range(200)]

    assert sum(wait == 0 for wait in uvloop.run(waits())) == 5


async def test_a_limiter_that_is_left_leaves_no_connection_open(start_valkey: Callable[[], Valkey]) -> None:
    valkey = start_valkey()
    async with Redis.from_url(valkey.url) as redis:
        async with RedisLimiter.connect(valkey.url, fallback=_Never()) as limiter:
            await admit(limiter, SLOW, "alice")
            assert len(await redis.client_list()) == 2

        async def nobody_else() -> bool:
            return len(await redis.client_list()) == 1

        await eventually(nobody_else, "the connection of the limiter is closed")
