"""No read is older than an invalidation that was acknowledged before it, in whichever order things happen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.component.cache.conftest import Process, open_process
from tests.support.cached import Source
from tests.support.valkey import Valkey

SKUS = ("MUG-RED", "MUG-BLUE")
processes = st.integers(0, 1)
skus = st.sampled_from(SKUS)
Step = Callable[["World"], object]


class World:
    """Two processes over one source and one server, and the versions that each of them must not go below."""

    def __init__(self, source: Source, server: Redis, everybody: Sequence[Process]) -> None:
        self.source = source
        self.server = server
        self.everybody = everybody
        self.floors: tuple[Counter[str], ...] = tuple(Counter() for _ in everybody)
        self.unacknowledged: list[tuple[int, str, int]] = []
        self.reads: list[asyncio.Task[None]] = []

    def read(self, number: int, sku: str) -> None:
        self.reads.append(asyncio.ensure_future(self._read(number, sku, self.floors[number][sku])))

    async def _read(self, number: int, sku: str, floor: int) -> None:
        found = await self.everybody[number].cache.find([sku])
        version = int(found[sku].rpartition("v")[2]) if found else 0
        assert version >= floor, f"{number} was told {sku} {version} after {floor} was acknowledged"

    def commit(self, number: int, sku: str) -> None:
        self.source.commit(sku)
        self.everybody[number].cache.invalidate([sku])
        self.floors[number][sku] = self.source.versions[sku]
        if self.everybody[number].breaker.is_closed:
            self.unacknowledged.append((number, sku, self.source.versions[sku]))

    async def acknowledge(self) -> None:
        """Let the server answer, and the others hear of it."""
        for process in self.everybody:
            await process.acknowledged()
        for number, sku, version in self.unacknowledged:
            if self.everybody[number].breaker.is_closed:
                self.everybody[1 - number].cache.forget([sku])
                self.floors[1 - number][sku] = max(version, self.floors[1 - number][sku])
        self.unacknowledged.clear()

    def lose_the_server(self, number: int) -> None:
        self.everybody[number].breaker.failed()
        self.unacknowledged = [each for each in self.unacknowledged if each[0] != number]

    def let_time_pass(self, number: int) -> None:
        """The first tier ends, and so does a pause."""
        self.everybody[number].clock.now += 20

    async def end(self) -> None:
        self.source.held_up.set()
        await asyncio.gather(*self.reads)


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda number, sku: lambda world: world.read(number, sku), processes, skus),
    st.builds(lambda number, sku: lambda world: world.commit(number, sku), processes, skus),
    st.builds(lambda number: lambda world: world.let_time_pass(number), processes),
    st.builds(lambda number: lambda world: world.lose_the_server(number), processes),
    st.sampled_from(
        [
            lambda world: world.acknowledge(),
            lambda world: world.source.held_up.clear(),
            lambda world: world.source.held_up.set(),
            lambda world: world.server.flushall(),
            lambda world: asyncio.sleep(0.001),
        ]
    ),
)


@given(plan=st.lists(steps, min_size=5, max_size=40))
@settings(max_examples=150, deadline=None)
def test_no_read_is_older_than_an_acknowledged_invalidation(valkey: Valkey, plan: list[Step]) -> None:
    asyncio.run(_play(valkey, plan))


async def _play(valkey: Valkey, plan: list[Step]) -> None:
    source = Source()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Redis.from_url(valkey.url))
        await server.flushall()
        everybody = [await stack.enter_async_context(open_process(valkey.url, source)) for _ in range(2)]
        world = World(source, server, everybody)
        for step in plan:
            done = step(world)
            if asyncio.iscoroutine(done):
                await done
        await world.end()
