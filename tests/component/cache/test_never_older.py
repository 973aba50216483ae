"""No read is older than an invalidation that was acknowledged before it, in whichever order things happen."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.component.cache.conftest import Process, open_process
from tests.support.cached import Source
from tests.support.valkey import Valkey

processes = st.integers(0, 1)
# Few keys, so that what happens happens to the same one.
skus = st.sampled_from(("MUG-RED", "MUG-RED", "MUG-BLUE"))
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
            if self.everybody[number].breaker.is_closed and not self.everybody[number].shared.is_behind:
                self.everybody[1 - number].cache.forget([sku])
                self.floors[1 - number][sku] = max(version, self.floors[1 - number][sku])
        self.unacknowledged.clear()

    def lose_the_server(self, number: int) -> None:
        self.everybody[number].breaker.failed()
        self.unacknowledged = [each for each in self.unacknowledged if each[0] != number]

    def let_time_pass(self, number: int) -> None:
        """The first tier ends, and so does a pause."""
        self.everybody[number].clock.now += 20

    def hold_reads_up(self) -> None:
        """From now on what was read from the source arrives late."""
        self.source.held_up.clear()

    def let_reads_go(self) -> None:
        self.source.held_up.set()

    async def hold_writes_up(self) -> None:
        """From now on the server answers reads only."""
        await self.server.client_pause(10_000, all=False)

    async def let_writes_go(self) -> None:
        await self.server.client_unpause()

    async def flush(self) -> None:
        await self.let_writes_go()
        await self.server.flushall()

    async def end(self) -> None:
        self.let_reads_go()
        await self.let_writes_go()
        await asyncio.gather(*self.reads)


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda number, sku: lambda world: world.read(number, sku), processes, skus),
    st.builds(lambda number, sku: lambda world: world.commit(number, sku), processes, skus),
    st.builds(lambda number: lambda world: world.let_time_pass(number), processes),
    st.builds(lambda number: lambda world: world.lose_the_server(number), processes),
    st.sampled_from(
        [
            World.acknowledge,
            World.hold_reads_up,
            World.let_reads_go,
            World.hold_writes_up,
            World.let_writes_go,
            World.flush,
        ]
    ),
)
# How far what was begun gets before the next step: nowhere, or to the server and back.
plans = st.lists(st.tuples(steps, st.sampled_from((0, 0.003))), min_size=10, max_size=40)


@given(plan=plans)
@settings(phases=[Phase.generate])
def test_no_read_is_older_than_an_acknowledged_invalidation(
    valkey: Valkey, plan: list[tuple[Step, float]]
) -> None:
    asyncio.run(_play(valkey, plan))


async def _play(valkey: Valkey, plan: list[tuple[Step, float]]) -> None:
    source = Source()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Redis.from_url(valkey.url))
        await server.flushall()
        everybody = [
            await stack.enter_async_context(open_process(valkey.url, source, timeout_seconds=0.05))
            for _ in range(2)
        ]
        world = World(source, server, everybody)
        for step, pause_seconds in plan:
            done = step(world)
            if asyncio.iscoroutine(done):
                await done
            await asyncio.sleep(pause_seconds)
        await world.end()
