"""The ways to read stock, each as a service that drivers of our own call."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc

from bench.closed_loop import call_for, call_times
from bench.instance import Instance, serving
from bench.open_loop import Call, Latencies, call_at, schedule
from bench.plan import Plan
from bench.processes import Process
from bench.servers.inventory import BASELINE, SHIPPED
from bench.shop import skus
from bench.stock_calls import batch_call, request_of
from bench.stocked import mariadb, stocked

BATCHED = "batched"
CACHED = "batched + cache"
NAMES = (BASELINE, BATCHED, CACHED)
BATCH = 50

_SERVER = "bench.servers.inventory"
_ROUND_TRIP_MS = "1"
_SKUS = 10_000
_CHANNELS = 4
_CLIENTS = 32
_FEWEST_CALLS = 100
_LONGEST_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to read stock, being served."""

    process: Process
    call: Call

    async def knee(self, plan: Plan) -> float:
        """Calls per second at saturation."""
        return (await call_for(plan.seconds, self.call, clients=_CLIENTS)).calls_per_second

    def at_rate(self, plan: Plan, rate: float) -> Callable[[], Awaitable[Latencies]]:
        """One side of a comparison: open-loop at a rate, long enough for a 99th percentile."""

        async def side() -> Latencies:
            await call_times(_CHANNELS, self.call, clients=_CHANNELS)
            seconds = min(max(plan.seconds, _FEWEST_CALLS / rate), _LONGEST_SECONDS)
            return await call_at(schedule(rate, seconds, plan.chance), self.call)

        return side

    async def warm_up(self) -> None:
        """Ask for every SKU once."""
        await call_times(_SKUS // BATCH, self.call, clients=_CHANNELS)


@asynccontextmanager
async def variants(
    plan: Plan, room: str, names: Sequence[str] = NAMES
) -> AsyncIterator[Mapping[str, Variant]]:
    """Serve them on the measured core, each over a shop of its own in MariaDB."""
    async with AsyncExitStack() as stack:
        mysql = await stack.enter_async_context(mariadb(plan.room(room) / "mariadb"))
        served = {}
        for name in names:
            home = await stocked(plan.room(room) / name, _SKUS, mysql=mysql)
            served[name] = await stack.enter_async_context(serving_variant(home, name, _SKUS))
        yield served


@asynccontextmanager
async def serving_variant(home: Instance, name: str, count: int) -> AsyncIterator[Variant]:
    """Serve one of them over so many SKUs, every statement a millisecond away; a cache is warm."""
    code = BASELINE if name == BASELINE else SHIPPED
    # One of two workers that share no cache keeps none: what is left is batching.
    workers = 1 if name == CACHED else 2
    async with (
        serving(home, _SERVER, code, _ROUND_TRIP_MS, workers=workers) as process,
        AsyncExitStack() as stack,
    ):
        channels = [
            await stack.enter_async_context(_channel(home.address("inventory"), number))
            for number in range(_CHANNELS)
        ]
        call = batch_call(channels, _requests(count), token=home.user_token(), size=BATCH)
        variant = Variant(process, call)
        if name == CACHED:
            await variant.warm_up()
        yield variant


def _requests(count: int) -> list[bytes]:
    """Requests that together ask for ten thousand SKUs, from all over the shop."""
    step = max(BATCH, BATCH * (count // _SKUS))
    return [request_of(skus(BATCH, first=first)) for first in range(0, count, step)]


def _channel(address: str, number: int) -> grpc.aio.Channel:
    # Channels with equal options would share one connection.
    return grpc.aio.insecure_channel(address, options=(("shopmesh.bench.channel", number),))
