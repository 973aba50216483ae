"""Processes of a service that share a cache on a real Redis-protocol server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from redis.asyncio import Redis

from mesh.cache.breaker import Breaker
from mesh.cache.local import Lifetime
from mesh.cache.read_through import ReadThroughCache
from mesh.cache.redis_shared import RedisSharedCache, connect
from mesh.concurrency.task_group import Tasks
from tests.support.cached import Clock, Fraction, Source, TextCodec, local_cache, read_through
from tests.support.valkey import Valkey

CHANNEL = "test:invalidated"
_numbers = count()


@dataclass(frozen=True, slots=True)
class Process:
    """What one process has: its own first tier, the shared second one, and a clock for its pauses."""

    cache: ReadThroughCache[str]
    shared: RedisSharedCache[str]
    breaker: Breaker
    clock: Clock
    flights: Tasks
    invalidations: Tasks

    async def acknowledged(self) -> None:
        """Wait until the server has answered every invalidation, or was given up."""
        await self.invalidations.idle()

    async def idle(self) -> None:
        """Wait for everything that runs in the background."""
        await self.acknowledged()
        await self.flights.idle()


@asynccontextmanager
async def open_process(url: str, source: Source, *, timeout_seconds: float) -> AsyncIterator[Process]:
    """A process whose clock stands still: nothing ends in its first tier, and a pause when a test says so."""
    clock = Clock()
    breaker = Breaker(pause_seconds=1, monotonic=clock)
    async with (
        connect(url, timeout_seconds=timeout_seconds) as redis,
        Tasks() as flights,
        Tasks() as invalidations,
    ):
        shared = shared_cache(redis, invalidations, breaker, timeout_seconds)
        cache = read_through(source, flights, clock=clock, local=local_cache(clock), shared=shared)
        yield Process(cache, shared, breaker, clock, flights, invalidations)


def shared_cache(
    redis: Redis, tasks: Tasks, breaker: Breaker, timeout_seconds: float
) -> RedisSharedCache[str]:
    return RedisSharedCache(
        redis=redis,
        namespace="test:text",
        channel=CHANNEL,
        sender=f"process-{next(_numbers)}",
        codec=TextCodec(),
        lifetime=Lifetime(seconds=60, absent_seconds=60),
        breaker=breaker,
        tasks=tasks,
        new_mark=lambda: f"mark-{next(_numbers)}",
        random=Fraction(0.0),
        timeout_seconds=timeout_seconds,
    )


@pytest.fixture
def source() -> Source:
    return Source({"MUG-RED": 1, "MUG-BLUE": 1})


@pytest.fixture
async def server(valkey: Valkey) -> Valkey:
    """A running server with nothing in it."""
    async with Redis.from_url(valkey.url) as redis:
        await redis.flushall()
    return valkey


@pytest.fixture
async def start(source: Source) -> AsyncIterator[Callable[..., object]]:
    """Starts processes over `source`; they are patient with a server on a busy machine."""
    async with AsyncExitStack() as stack:

        def open_one(valkey: Valkey, *, timeout_seconds: float = 10.0) -> object:
            return stack.enter_async_context(
                open_process(valkey.url, source, timeout_seconds=timeout_seconds)
            )

        yield open_one
