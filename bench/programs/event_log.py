"""P10: from an order's commit to a consumer's, and how fast the relay carries."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.commits import new_commit
from bench.cores import MEASURED
from bench.estimates import estimate, percentile, ratios
from bench.figures import Estimate, Figure, at_least, at_most
from bench.instance import Instance
from bench.open_loop import call_at, schedule
from bench.plan import Plan, in_turns
from bench.processes import started
from bench.relay_load import RelayStack, open_relay_stack, real_servers
from mesh.event_log import Record
from mesh.topology import ORDER_EVENTS
from services.order.application.ports import Commit

_HANDLER = "bench.servers.handler"
_COMMITS = 2000
"""Several of the relay's batches: it carries one while it signs the one before."""

_COMMITS_PER_SECOND = 20.0
_WARMING_COMMITS = 100
"""A broker that has just started compiles its code with the first ones."""

_HANDLED_WITHIN_SECONDS = 30.0
_GROUP = "bench"
_AT_ONCE = 200
_CLIENTS = 64


async def carried(plan: Plan) -> AsyncIterator[Figure]:
    """P10: commit to handled, and the relay against a bare producer loop: embedded, and with real servers."""
    home = Instance.made(plan.room("p10") / "embedded")
    async for figure in _measured(plan, "embedded", home, {}):
        yield figure
    async with real_servers(plan) as variables:
        home = Instance.made(plan.room("p10") / "real")
        async for figure in _measured(plan, "MongoDB, Kafka", home, variables):
            yield figure


async def _measured(
    plan: Plan, where: str, home: Instance, variables: Mapping[str, str]
) -> AsyncIterator[Figure]:
    settings = replace(
        home.settings,
        mongodb_url=variables.get("SHOPMESH_MONGODB_URL"),
        kafka_url=variables.get("SHOPMESH_KAFKA_URL"),
    )
    async with open_relay_stack(settings) as stack:
        # First, for a group that is new would have to handle what the relay has carried before.
        yield await _handling(plan, where, home, variables, stack)
        yield await _relaying(plan, where, stack)


async def _relaying(plan: Plan, where: str, stack: RelayStack) -> Figure:
    rounds = await in_turns(plan, _relay_side(stack, _COMMITS), _producer_side(stack, _COMMITS))
    return Figure(
        "P10",
        f"{where}: the relay's commits/s against a bare producer loop",
        ratios([(relay, producer) for relay, producer in rounds]),
        "x",
        at_least(0.60, 0.80),
        notes={
            "relay: commits/s": estimate([relay for relay, _ in rounds]).value,
            "producer: records/s": estimate([producer for _, producer in rounds]).value,
        },
    )


def _relay_side(stack: RelayStack, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        await stack.append_many(count)
        start = time.perf_counter()
        while not await stack.relay.publish_waiting():
            """What was not acknowledged is published again."""
        return count / (time.perf_counter() - start)

    return side


def _producer_side(stack: RelayStack, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        records = [_record(new_commit()) for _ in range(count)]
        start = time.perf_counter()
        for first in range(0, count, _AT_ONCE):
            await asyncio.gather(*map(stack.log.publish, records[first : first + _AT_ONCE]))
        return count / (time.perf_counter() - start)

    return side


async def _handling(
    plan: Plan, where: str, home: Instance, variables: Mapping[str, str], stack: RelayStack
) -> Figure:
    handled_file = home.folder / "handled.txt"
    command = (sys.executable, "-m", _HANDLER, _GROUP, str(handled_file))
    environ = {**home.environ(), **variables}
    relaying = asyncio.create_task(stack.relay.run())
    try:
        async with started(command, core=MEASURED, log=home.folder / "handler.log", environ=environ):
            await _handled(handled_file, [await _append(stack) for _ in range(_WARMING_COMMITS)])
            committed: dict[str, int] = {}
            times = schedule(_COMMITS_PER_SECOND, 10 * plan.seconds, plan.chance)
            latencies = await call_at(times, _appending(stack, committed))
            handled = await _handled(handled_file, committed)
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
    waited = [(handled[key] - at) / 1e6 for key, at in committed.items() if key in handled]
    return Figure(
        "P10",
        f"{where}: commit to handled, p99",
        replace(Estimate.exact(percentile(waited, 99)), samples=len(waited)),
        "ms",
        at_most(50, 20),
        errors=latencies.errors + len(committed) - len(waited),
        notes={"p50 ms": percentile(waited, 50), "driver late by ms, p99": latencies.lateness_p99_ms},
    )


async def _append(stack: RelayStack) -> str:
    commit = new_commit()
    await stack.stores.events.append(commit)
    return commit.order_id


def _appending(stack: RelayStack, committed: dict[str, int]) -> Callable[[int], Awaitable[bool]]:
    async def call(_number: int) -> bool:
        order_id = await _append(stack)
        committed[order_id] = time.monotonic_ns()
        return True

    return call


async def _handled(handled_file: Path, keys: Sequence[str] | Mapping[str, int]) -> Mapping[str, int]:
    """When each key was handled; what is still missing after a while stays missing."""
    end = time.monotonic() + _HANDLED_WITHIN_SECONDS
    while True:
        handled = _read(handled_file)
        if handled.keys() >= set(keys) or time.monotonic() > end:
            return handled
        await asyncio.sleep(0.05)


def _read(handled_file: Path) -> dict[str, int]:
    lines = handled_file.read_text().splitlines() if handled_file.exists() else ()
    pairs = (line.split() for line in lines)
    return {key: int(at) for key, at in pairs}


def _record(commit: Commit) -> Record:
    (event,) = commit.events
    return Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)
