"""P13: three times more calls than a service can answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from bench.estimates import estimate, percentile
from bench.figures import Estimate, Figure, at_least, at_most
from bench.h2load import Target, drive
from bench.instance import Instance, serving
from bench.open_loop import Call, call_at, schedule
from bench.plan import Plan
from bench.shop import skus
from bench.stock_calls import BATCH_GET_STOCK, grpc_target, request_of, stub_of
from shopmesh.inventory.v1 import inventory_service_pb2 as pb

_CHAINED = "bench.servers.chained"
_COST_MS = "2"
_OVERLOAD = 3.0
_CLIENTS, _STREAMS = 50, 100
"""So many that h2load keeps its rate although answers are late."""
_FLOOD_SECONDS = 5.0
"""Longer than it takes to fill every queue."""
_PROBES_PER_SECOND = 30.0
_REQUEST = request_of(skus(20))


async def three_times_the_knee(plan: Plan) -> AsyncIterator[Figure]:
    """P13: what is still answered under three times the knee, and how soon the rest is refused."""
    room = plan.room("p13")
    home, answer = Instance.made(room / "home"), _answer()
    file = _written(room, answer)
    async with (
        serving(home, _CHAINED, file, _COST_MS),
        grpc.aio.insecure_channel(home.address("inventory")) as channel,
    ):
        target = grpc_target(home, room, _REQUEST, answer)
        rounds = [await _round(plan, target, channel) for _ in range(plan.pairs)]
    probes = [probe for _, probe in rounds]
    yield Figure(
        "P13",
        "answers/s under three times the knee against the peak",
        estimate([share for share, _ in rounds]),
        "x",
        at_least(0.90),
        notes={"answered after ms, p50": _median([each for probe in probes for each in probe.answered])},
    )
    refused = [each for probe in probes for each in probe.refused]
    yield Figure(
        "P13",
        "time to refuse: p50",
        estimate(refused) if refused else Estimate.exact(0),
        "ms",
        at_most(5),
        errors=not refused,
        notes={"refused probes": len(refused), "p99 ms": percentile(refused, 99) if refused else 0.0},
    )


@dataclass(slots=True)
class _Probe:
    """Calls of a bystander: how long, in ms, they took to be answered and to be refused."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)


async def _round(plan: Plan, target: Target, channel: grpc.aio.Channel) -> tuple[float, _Probe]:
    peak = await drive(target, seconds=plan.seconds)
    probe = _Probe()
    times = schedule(_PROBES_PER_SECOND, _FLOOD_SECONDS, plan.chance)
    flooded, _ = await asyncio.gather(
        drive(
            target,
            seconds=_FLOOD_SECONDS,
            clients=_CLIENTS,
            streams=_STREAMS,
            rate=_OVERLOAD * peak.calls_per_second,
        ),
        call_at(times, _probing(channel, probe)),
    )
    await asyncio.sleep(plan.seconds)
    return flooded.calls_per_second / peak.calls_per_second, probe


def _probing(channel: grpc.aio.Channel, probe: _Probe) -> Call:
    stub = stub_of(channel, BATCH_GET_STOCK)

    async def call(_number: int) -> bool:
        start = time.perf_counter()
        try:
            await stub(_REQUEST)
        except grpc.aio.AioRpcError:
            probe.refused.append(1000 * (time.perf_counter() - start))
            return False
        probe.answered.append(1000 * (time.perf_counter() - start))
        return True

    return call


def _answer() -> bytes:
    stocks = [pb.Stock(sku=sku, available=5, on_hand=5) for sku in skus(20)]
    return pb.BatchGetStockResponse(stock=stocks).SerializeToString()


def _written(room: Path, answer: bytes) -> str:
    file = room / "answer.bin"
    file.write_bytes(answer)
    return str(file)


def _median(values: list[float]) -> float:
    return percentile(values, 50) if values else 0.0
