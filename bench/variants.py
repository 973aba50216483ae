"""The ways to read stock, each as a service that drivers of our own call."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc

from bench.closed_loop import call_for, call_times
from bench.home import Home, serving
from bench.open_loop import Call, Latencies, call_at, schedule
from bench.plan import Plan
from bench.processes import Process
from bench.servers.inventory import BASELINE, SHIPPED
from bench.shop import make_shop
from bench.shop import skus as neighbours
from bench.stock_calls import batch_call, request_of

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


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to read stock, being served."""

    process: Process
    call: Call

    async def knee(self, plan: Plan) -> float:
        """Calls per second at saturation."""
        return (await call_for(plan.seconds, self.call, clients=_CLIENTS)).calls_per_second

    def at_rate(self, plan: Plan, rate: float) -> Callable[[], Awaitable[Latencies]]:
        """One side of a comparison: open-loop at a rate, with enough calls for a 99th percentile."""

        async def side() -> Latencies:
            await call_times(_CHANNELS, self.call, clients=_CHANNELS)
            seconds = max(plan.seconds, _FEWEST_CALLS / rate)
            return await call_at(schedule(rate, seconds, plan.chance), self.call)

        return side

    async def warm_up(self) -> None:
        """Ask for every SKU once."""
        await call_times(_SKUS // BATCH, self.call, clients=_CHANNELS)


@asynccontextmanager
async def variants(
    plan: Plan, room: str, names: Sequence[str] = NAMES
) -> AsyncIterator[Mapping[str, Variant]]:
    """Serve them on the measured core, every statement a millisecond away; what is hot is warm."""
    async with AsyncExitStack() as stack:
        served = {}
        for name in names:
            served[name] = await stack.enter_async_context(serving_variant(plan, room, name))
        yield served


@asynccontextmanager
async def serving_variant(plan: Plan, room: str, name: str, *, skus: int = _SKUS) -> AsyncIterator[Variant]:
    """Serve one of them over a shop with so many SKUs, of which it is asked for ten thousand at most."""
    home = Home.made(plan.room(room) / name)
    await make_shop(home.database_url, skus)
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
        variant = Variant(process, batch_call(channels, _requests(skus), token=home.user_token(), size=BATCH))
        if name == CACHED:
            await variant.warm_up()
        yield variant


def _requests(count: int) -> list[bytes]:
    step = max(BATCH, BATCH * (count // _SKUS))
    return [request_of(neighbours(BATCH, first=first)) for first in range(0, count, step)]


def _channel(address: str, number: int) -> grpc.aio.Channel:
    # Channels with equal options would share one connection.
    return grpc.aio.insecure_channel(address, options=(("shopmesh.bench.channel", number),))
