"""P1, P2, P14: what a call costs, against a bare grpcio server with the same bytes on the same core."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

from bench.cores import DRIVER, MEASURED, pin
from bench.estimates import estimate, ratios
from bench.figures import Figure, at_least, at_most
from bench.instance import Instance, serving
from bench.plan import Plan, in_silence, in_turns
from bench.saturation import Saturation, saturate
from bench.shop import skus
from bench.stock_calls import answer_of, grpc_target, request_of
from bench.stocked import stocked
from mesh.backends.running import running
from mesh.backends.valkey import ValkeyBackend

_BATCH = 20
_SKUS = 1000
_SHIPPED = "services.inventory.server"
_BARE = "bench.servers.bare"
_CHAINED = "bench.servers.chained"
_REQUEST = request_of(skus(_BATCH))


async def cached_batch(plan: Plan) -> AsyncIterator[Figure]:
    """P1: the shipped service, its cache warm, against the bare server."""
    room = plan.room("p1")
    shipped, floor = await stocked(room / "shipped", _SKUS), Instance.made(room / "bare")
    async with serving(shipped, _SHIPPED) as service:
        answer = await answer_of(shipped.address("inventory"), _REQUEST)
        async with serving(floor, _BARE, _written(room, answer)) as bare:
            rounds = await in_turns(
                plan,
                saturate(grpc_target(shipped, room, _REQUEST, answer), service, plan.seconds),
                saturate(grpc_target(floor, room, _REQUEST, answer), bare, plan.seconds),
                alone=(service, bare),
            )
    yield Figure(
        "P1",
        "BatchGetStock(20), cached: calls/s against a bare echo",
        ratios([(ours.calls_per_second, bare.calls_per_second) for ours, bare in rounds]),
        "x",
        at_least(0.55, 0.70),
        errors=sum(side.load.errors for both in rounds for side in both),
        notes={
            **_notes("shipped", [each[0] for each in rounds]),
            **_notes("bare", [each[1] for each in rounds]),
        },
    )


async def interceptor_chain(plan: Plan) -> AsyncIterator[Figure]:
    """P2: processor time of the chain alone: a servicer with it, less the same without, over the echo's."""
    room = plan.room("p2")
    shop = await stocked(room / "stocked", _SKUS)
    async with serving(shop, _SHIPPED):
        answer = await answer_of(shop.address("inventory"), _REQUEST)
    homes = [Instance.made(room / name) for name in ("chained", "typed", "bare")]
    file = _written(room, answer)
    async with (
        serving(homes[0], _CHAINED, file) as chained,
        serving(homes[1], _BARE, file, "typed") as typed,
        serving(homes[2], _BARE, file) as bare,
    ):
        processes = (chained, typed, bare)
        targets = [grpc_target(home, room, _REQUEST, answer) for home in homes]
        sides = [saturate(*each, plan.seconds) for each in zip(targets, processes, strict=True)]
        rounds = await in_turns(plan, *sides, alone=processes)
    names = ("chained", "typed", "bare")
    yield Figure(
        "P2",
        "CPU of the interceptor chain against a bare echo's, spans at 10 %",
        ratios([(chained.cpu_us - typed.cpu_us, bare.cpu_us) for chained, typed, bare in rounds]),
        "x",
        at_most(0.45, 0.30),
        errors=sum(side.load.errors for each in rounds for side in each),
        notes={
            name: value
            for place, side in enumerate(names)
            for name, value in _notes(side, [each[place] for each in rounds]).items()
        },
    )


async def two_workers(plan: Plan) -> AsyncIterator[Figure]:
    """P14: processor time per call of two workers against one, both beside the cache's server.

    Without it two workers keep no stock: neither would hear of the other's changes.
    """
    room = plan.room("p14")
    home = await stocked(room / "shipped", _SKUS)
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(
            running(ValkeyBackend(), plan.room("p14-valkey"), say=in_silence)
        )
        pin(valkey.pid, DRIVER)
        environ = {ValkeyBackend().variable: valkey.url}
        async with serving(home, _SHIPPED, environ=environ) as alone:
            answer = await answer_of(home.address("inventory"), _REQUEST)
            side = saturate(grpc_target(home, room, _REQUEST, answer), alone, plan.seconds)
            one = [await side() for _ in range(plan.pairs)]
        workers = [
            await stack.enter_async_context(
                serving(home, _SHIPPED, core=core, worker=worker, workers=2, environ=environ)
            )
            for worker, core in enumerate((MEASURED, DRIVER))
        ]
        targets = [grpc_target(home, room, _REQUEST, answer, worker=worker) for worker in range(2)]
        sides = [saturate(*each, plan.seconds) for each in zip(targets, workers, strict=True)]
        two = [await asyncio.gather(*(side() for side in sides)) for _ in range(plan.pairs)]
    errors = sum(each.load.errors for each in one) + sum(each.load.errors for both in two for each in both)
    yield Figure(
        "P14",
        "CPU per call: two workers against one",
        ratios([(_cpu_of(both), single.cpu_us) for both, single in zip(two, one, strict=True)]),
        "x",
        at_most(1.15, 1.05),
        errors=errors,
        notes={
            "one: calls/s": estimate([each.calls_per_second for each in one]).value,
            "two: calls/s together": estimate(
                [sum(each.calls_per_second for each in both) for both in two]
            ).value,
        },
    )


def _written(room: Path, answer: bytes) -> str:
    file = room / "answer.bin"
    file.write_bytes(answer)
    return str(file)


def _cpu_of(both: list[Saturation]) -> float:
    calls = sum(each.load.calls for each in both)
    return sum(each.cpu_us * each.load.calls for each in both) / calls


def _notes(name: str, sides: list[Saturation]) -> dict[str, float]:
    return {
        f"{name}: calls/s": estimate([each.calls_per_second for each in sides]).value,
        f"{name}: CPU µs per call": estimate([each.cpu_us for each in sides]).value,
    }
