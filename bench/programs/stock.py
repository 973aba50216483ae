"""P3 to P6: reading stock, against the way it was read before."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import grpc
from redis.asyncio import Redis

from bench.estimates import estimate, ratios
from bench.figures import Bound, Curves, Estimate, Figure, at_least, at_most
from bench.instance import serving
from bench.plan import Plan, in_silence, in_turns
from bench.servers.inventory import BASELINE, SHIPPED
from bench.shop import sku, skus
from bench.stock_calls import BATCH_GET_STOCK, GET_STOCK, get_stock_request, queries_of, request_of
from bench.stocked import stocked
from bench.variants import BATCH, BATCHED, CACHED, NAMES, Variant, variants
from mesh.backends.running import running
from mesh.backends.valkey import ValkeyBackend

_SERVER = "bench.servers.inventory"
_SHARE = 0.6
_SHARES = (0.2, 0.4, 0.6, 0.8, 0.95)
_STATEMENTS = {1: 1, 10: 1, 100: 1, 500: 3}
"""How many a batch of so many SKUs may take: one for each 199."""
_CALLERS = 1000
_FIRST = 50
"""The size of a batch that opens connections; other sizes ask for other SKUs."""
_SLOW_MS = "50"


async def against_baseline(plan: Plan) -> AsyncIterator[Figure]:
    """P3: p99 against the kept N+1 baseline, all at 60 % of the baseline's knee."""
    async with variants(plan, "p3") as served:
        knee = await served[BASELINE].knee(plan)
        rounds = await in_turns(
            plan,
            *(served[name].at_rate(plan, _SHARE * knee) for name in NAMES),
            alone=tuple(served[name].process for name in NAMES),
        )
        curves = await _curves(plan, served)
    for place, name, bound in ((1, BATCHED, at_least(20, 40)), (2, CACHED, at_least(50, 200))):
        pairs = [(each[0].percentile_ms(99), each[place].percentile_ms(99)) for each in rounds]
        yield Figure(
            "P3",
            f"BatchGetStock({BATCH}), {name}: p99 lower than one statement per SKU and relation",
            ratios(pairs),
            "x",
            bound,
            errors=sum(side.errors for each in rounds for side in each),
            curves=curves,
            notes={
                "calls/s": _SHARE * knee,
                "baseline: p99 ms": estimate([before for before, _ in pairs]).value,
                f"{name}: p99 ms": estimate([now for _, now in pairs]).value,
                "driver late by ms, p99": max(side.lateness_p99_ms for each in rounds for side in each),
            },
        )


async def at_load(plan: Plan) -> AsyncIterator[Figure]:
    """P4: p99 at 60 % of what each can do, from the cache and from the database."""
    names = (CACHED, BATCHED)
    async with variants(plan, "p4", names) as served:
        processes = tuple(served[name].process for name in names)
        (knees,) = await in_turns(
            replace(plan, pairs=1), *(partial(served[name].knee, plan) for name in names), alone=processes
        )
        sides = [served[name].at_rate(plan, _SHARE * knee) for name, knee in zip(names, knees, strict=True)]
        rounds = await in_turns(plan, *sides, alone=processes)
    for place, (name, bound) in enumerate(zip(names, (at_most(5, 2), at_most(15, 8)), strict=True)):
        measured = [each[place] for each in rounds]
        yield Figure(
            "P4",
            f"BatchGetStock({BATCH}), {name}: p99 at 60 % load",
            estimate([side.percentile_ms(99) for side in measured]),
            "ms",
            bound,
            errors=sum(side.errors for side in measured),
            notes={
                "calls/s": _SHARE * knees[place],
                "p50 ms": estimate([side.percentile_ms(50) for side in measured]).value,
                "driver late by ms, p99": max(side.lateness_p99_ms for side in measured),
            },
        )


async def statements(plan: Plan) -> AsyncIterator[Figure]:
    """P5: SQL statements and cache round trips of one call.

    The cache's server counts round trips, the trailers statements; a test holds these against MariaDB's log.
    """
    home = await stocked(plan.room("p5") / "home", 2000)
    async with (
        running(ValkeyBackend(), plan.room("p5-valkey"), say=in_silence) as valkey,
        serving(home, _SERVER, SHIPPED, "0", environ={ValkeyBackend().variable: valkey.url}),
        grpc.aio.insecure_channel(home.address("inventory")) as channel,
        Redis.from_url(valkey.url) as redis,
    ):
        asking = _Asking(channel, redis, home.user_token())
        await asking.batch(_FIRST)
        for size, allowed in _STATEMENTS.items():
            cold, hot = await asking.batch(size), await asking.batch(size)
            what = f"BatchGetStock({size})"
            yield _counted("P5", f"{what}, cold: SQL statements", cold.statements, at_most(allowed))
            yield _counted(
                "P5", f"{what}, cold: cache round trips before the answer", cold.trips, at_most(1, 0)
            )
            yield _counted("P5", f"{what}, hot: SQL statements", hot.statements, at_most(0))
            yield _counted("P5", f"{what}, hot: cache round trips", hot.trips, at_most(0))


async def concurrent_misses(plan: Plan) -> AsyncIterator[Figure]:
    """P6: SQL statements of 1,000 calls that miss the same SKU at the same time."""
    home = await stocked(plan.room("p6") / "home", 10)
    async with (
        serving(home, _SERVER, SHIPPED, _SLOW_MS),
        grpc.aio.insecure_channel(home.address("inventory")) as channel,
    ):
        token, request = home.user_token(), get_stock_request(sku(1))
        calls = (queries_of(channel, GET_STOCK, request, token=token) for _ in range(_CALLERS))
        queries = await asyncio.gather(*calls)
    yield _counted("P6", f"{_CALLERS} concurrent misses of one SKU: SQL statements", sum(queries), at_most(1))


async def _curves(plan: Plan, served: Mapping[str, Variant]) -> Curves:
    """Pairs of calls per second and p99 in ms, for the picture."""
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in served}
    processes = tuple(served[name].process for name in NAMES)
    once = replace(plan, pairs=1)
    (knees,) = await in_turns(once, *(partial(served[name].knee, plan) for name in NAMES), alone=processes)
    for share in (_SHARE,) if plan.is_quick else _SHARES:
        rates = [share * knee for knee in knees]
        sides = [served[name].at_rate(plan, rate) for name, rate in zip(NAMES, rates, strict=True)]
        (measured,) = await in_turns(once, *sides, alone=processes)
        for name, rate, latencies in zip(NAMES, rates, measured, strict=True):
            points[name].append((rate, latencies.percentile_ms(99)))
    return points


@dataclass(frozen=True, slots=True)
class _Cost:
    statements: int
    trips: int


class _Asking:
    """Makes one call and looks at what it cost: what is stored behind the answer keeps nobody waiting."""

    def __init__(self, channel: grpc.aio.Channel, redis: "Redis", token: str) -> None:
        self._channel = channel
        self._redis = redis
        self._token = token

    async def batch(self, size: int) -> _Cost:
        request = request_of(skus(size, first=size))
        before = await self._reads()
        statements = await queries_of(self._channel, BATCH_GET_STOCK, request, token=self._token)
        return _Cost(statements, await self._reads() - before)

    async def _reads(self) -> int:
        """How often the cache was read so far, as the server counts."""
        commands = await self._redis.info("commandstats")
        return int(commands.get("cmdstat_mget", {"calls": 0})["calls"])


def _counted(row: str, what: str, count: float, bound: Bound) -> Figure:
    return Figure(row, what, Estimate.exact(count), "", bound)
