"""P12: what a thousand times more data costs a call."""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from bench.commits import new_commit
from bench.cores import MEASURED, working_on
from bench.estimates import estimate, percentile, ratios
from bench.figures import Bound, Figure, at_most
from bench.plan import Plan, in_turns
from bench.stocked import stocked
from bench.stores import sqlite_store, store_many
from bench.variants import BATCHED, CACHED, serving_variant
from interceptors.rate_limit.gcra import LocalLimiter
from mesh.contract import load_contract
from services.order.application.ports import EventStore

T = TypeVar("T")

_HOT = at_most(1.2, 1.05)
_COLD = at_most(2.0, 1.5)
_SMALL_SHOP, _LARGE_SHOP = 1000, 1_000_000
_FEW_EVENTS, _MANY_EVENTS = 10_000, 1_000_000
_FEW_CALLERS, _MANY_CALLERS = 100, 100_000
_QUICK_SHARE = 50
_RATE = 100.0
_READS = 300
_ADMISSIONS = 20_000


async def of_everything(plan: Plan) -> AsyncIterator[Figure]:
    """P12: p99 with many SKUs, events and callers, against few."""
    async for figure in _skus(plan):
        yield figure
    async for figure in _events(plan):
        yield figure
    async for figure in _callers(plan):
        yield figure


async def _skus(plan: Plan) -> AsyncIterator[Figure]:
    large, room = _large(plan, _LARGE_SHOP), plan.room("p12")
    full, small = await stocked(room / "large", large), await stocked(room / "small", _SMALL_SHOP)
    for name, bound in ((CACHED, _HOT), (BATCHED, _COLD)):
        async with (
            serving_variant(full, name, large) as many,
            serving_variant(small, name, _SMALL_SHOP) as few,
        ):
            rounds = await in_turns(
                plan,
                many.at_rate(plan, _RATE),
                few.at_rate(plan, _RATE),
                alone=(many.process, few.process),
            )
        pairs = [(each[0].percentile_ms(99), each[1].percentile_ms(99)) for each in rounds]
        what = f"BatchGetStock, {name}: p99 with {large:,} SKUs against {_SMALL_SHOP:,}"
        yield _ratio(what, pairs, bound, errors=sum(side.errors for each in rounds for side in each))


async def _events(plan: Plan) -> AsyncIterator[Figure]:
    room, many, count = plan.room("p12"), _large(plan, _MANY_EVENTS), _large(plan, _FEW_EVENTS)
    async with sqlite_store(room / "few.db") as few, sqlite_store(room / "many.db") as full:
        few_ids, many_ids = store_many(room / "few.db", count), store_many(room / "many.db", many)
        reads = await _in_turns(plan, _reading(plan, full, many_ids), _reading(plan, few, few_ids))
        yield _ratio(f"reading an order: p99 with {many:,} events against {count:,}", reads, _COLD)
        appends = await _in_turns(plan, _appending(full), _appending(few))
        yield _ratio(f"appending: p99 with {many:,} events against {count:,}", appends, _COLD)


async def _callers(plan: Plan) -> AsyncIterator[Figure]:
    few = _admitting(known=_FEW_CALLERS, calling=_FEW_CALLERS)
    against = f"with {_MANY_CALLERS:,} callers known against {_FEW_CALLERS}"
    hot = await _in_turns(plan, _admitting(known=_MANY_CALLERS, calling=_FEW_CALLERS), few)
    yield _ratio(f"rate limiter, {_FEW_CALLERS} of them call: p99 {against}", hot, _HOT)
    cold = await _in_turns(plan, _admitting(known=_MANY_CALLERS, calling=_MANY_CALLERS), few)
    yield _ratio(f"rate limiter, any of them calls: p99 {against}", cold, _COLD)


async def _in_turns(
    plan: Plan, many: Callable[[], Awaitable[float]], few: Callable[[], Awaitable[float]]
) -> list[tuple[float, float]]:
    with working_on(MEASURED):
        return [(first, second) for first, second in await in_turns(plan, many, few)]


def _reading(plan: Plan, store: EventStore, order_ids: Sequence[str]) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        return await _p99_ms(store.read, [plan.chance.choice(order_ids) for _ in range(_READS)])

    return side


def _appending(store: EventStore) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        return await _p99_ms(store.append, [new_commit() for _ in range(_READS)])

    return side


def _admitting(*, known: int, calling: int) -> Callable[[], Awaitable[float]]:
    limit = next(iter(load_contract().limit_classes.values()))
    limiter = LocalLimiter()
    keys = [f"subject:{number}" for number in range(known)]

    async def admit(key: str) -> None:
        limiter.admit(limit, key)

    async def side() -> float:
        for key in keys:
            await admit(key)
        return await _p99_ms(admit, random.Random(1).choices(keys[:calling], k=_ADMISSIONS))

    return side


async def _p99_ms(call: Callable[[T], Awaitable[object]], arguments: Sequence[T]) -> float:
    seconds = []
    for argument in arguments:
        start = time.perf_counter()
        await call(argument)
        seconds.append(time.perf_counter() - start)
    return 1000 * percentile(seconds, 99)


def _ratio(what: str, pairs: Sequence[tuple[float, float]], bound: Bound, *, errors: int = 0) -> Figure:
    notes = {
        "many: p99 ms": estimate([many for many, _ in pairs]).value,
        "few: p99 ms": estimate([few for _, few in pairs]).value,
    }
    return Figure("P12", what, ratios(pairs), "x", bound, errors, notes=notes)


def _large(plan: Plan, count: int) -> int:
    return count // _QUICK_SHARE if plan.is_quick else count
