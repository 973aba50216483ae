"""P10: from an order's commit to a consumer's, and how fast the relay carries."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.commits import new_commit
from bench.cores import DRIVER, MEASURED, pin
from bench.estimates import estimate, percentile, ratios
from bench.figures import Estimate, Figure, at_least, at_most
from bench.home import Home
from bench.open_loop import call_at, schedule
from bench.plan import Plan, in_silence, in_turns
from bench.processes import started
from mesh.backends.kafka import KafkaBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import running
from mesh.event_log import EventLog, Record, open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.order.adapters.head_log_file import FileHeadLog
from services.order.adapters.relay import Relay
from services.order.application.ports import Commit
from services.order.config import Settings
from services.order.stores import Stores, open_stores

_HANDLER = "bench.servers.handler"
_COMMITS_PER_SECOND = 20.0
_HANDLED_WITHIN_SECONDS = 30.0
_GROUP = "bench"
_AT_ONCE = 200
_CLIENTS = 64


async def carried(plan: Plan) -> AsyncIterator[Figure]:
    """P10: commit to handled, and the relay against a bare producer loop: embedded, and with real servers."""
    home = Home.made(plan.room("p10") / "embedded")
    async for figure in _measured(plan, "embedded", home, {}):
        yield figure
    async with _real_servers(plan) as variables:
        home = Home.made(plan.room("p10") / "real")
        async for figure in _measured(plan, "MongoDB, Kafka", home, variables):
            yield figure


async def _measured(
    plan: Plan, where: str, home: Home, variables: Mapping[str, str]
) -> AsyncIterator[Figure]:
    settings = replace(
        home.settings,
        mongodb_url=variables.get("SHOPMESH_MONGODB_URL"),
        kafka_url=variables.get("SHOPMESH_KAFKA_URL"),
    )
    async with _carrier(settings) as carrier:
        yield await _relaying(plan, where, carrier)
        yield await _handling(plan, where, home, variables, carrier)


@dataclass(frozen=True, slots=True)
class _Carrier:
    stores: Stores
    log: EventLog
    relay: Relay

    async def append_many(self, count: int) -> Sequence[Commit]:
        """Store commits that wait for the relay."""
        commits = [new_commit() for _ in range(count)]
        for first in range(0, count, _CLIENTS):
            await asyncio.gather(*map(self.stores.events.append, commits[first : first + _CLIENTS]))
        return commits


async def _relaying(plan: Plan, where: str, carrier: _Carrier) -> Figure:
    count = 200 if plan.is_quick else 2000
    rounds = await in_turns(plan, _relay_side(carrier, count), _producer_side(carrier, count))
    return Figure(
        "P10",
        f"{where}: the relay's commits/s against a bare producer loop",
        ratios(rounds_of(rounds)),
        "x",
        at_least(0.60, 0.80),
        notes={
            "relay: commits/s": estimate([relay for relay, _ in rounds]).value,
            "producer: records/s": estimate([producer for _, producer in rounds]).value,
        },
    )


def _relay_side(carrier: _Carrier, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        await carrier.append_many(count)
        start = time.perf_counter()
        while not await carrier.relay.publish_waiting():
            """What was not acknowledged is published again."""
        return count / (time.perf_counter() - start)

    return side


def _producer_side(carrier: _Carrier, count: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        records = [_record(new_commit()) for _ in range(count)]
        start = time.perf_counter()
        for first in range(0, count, _AT_ONCE):
            await asyncio.gather(*map(carrier.log.publish, records[first : first + _AT_ONCE]))
        return count / (time.perf_counter() - start)

    return side


async def _handling(
    plan: Plan, where: str, home: Home, variables: Mapping[str, str], carrier: _Carrier
) -> Figure:
    told = home.folder / "handled.txt"
    command = (sys.executable, "-m", _HANDLER, _GROUP, str(told))
    environ = {**home.environ(), **variables}
    relaying = asyncio.create_task(carrier.relay.run())
    try:
        async with started(command, core=MEASURED, log=home.folder / "handler.log", environ=environ):
            await _handled(told, [await _append(carrier)])
            committed: dict[str, int] = {}
            times = schedule(_COMMITS_PER_SECOND, 5 * plan.seconds, plan.chance)
            latencies = await call_at(times, _appending(carrier, committed))
            handled = await _handled(told, committed)
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


async def _append(carrier: _Carrier) -> str:
    commit = new_commit()
    await carrier.stores.events.append(commit)
    return commit.order_id


def _appending(carrier: _Carrier, committed: dict[str, int]) -> Callable[[int], Awaitable[bool]]:
    async def call(_number: int) -> bool:
        order_id = await _append(carrier)
        committed[order_id] = time.monotonic_ns()
        return True

    return call


async def _handled(told: Path, keys: Sequence[str] | Mapping[str, int]) -> Mapping[str, int]:
    """When each key was handled; what is still missing after a while stays missing."""
    end = time.monotonic() + _HANDLED_WITHIN_SECONDS
    while True:
        handled = _read(told)
        if handled.keys() >= set(keys) or time.monotonic() > end:
            return handled
        await asyncio.sleep(0.05)


def _read(told: Path) -> dict[str, int]:
    lines = told.read_text().splitlines() if told.exists() else ()
    pairs = (line.split() for line in lines)
    return {key: int(at) for key, at in pairs}


def rounds_of(rounds: Sequence[tuple[float, ...]]) -> list[tuple[float, float]]:
    return [(first, second) for first, second in rounds]


@asynccontextmanager
async def _carrier(settings: MeshSettings) -> AsyncIterator[_Carrier]:
    own = Settings.of(settings)
    async with open_stores(own) as stores, open_event_log(settings) as log:
        relay = Relay(
            store=stores.events,
            log=log,
            heads=FileHeadLog(own.head_log, key=bytes(32)),
            changes=stores.changes,
            lease=stores.relay_lease,
            reached=_nothing,
        )
        watching = asyncio.create_task(stores.changes.run())
        try:
            yield _Carrier(stores, log, relay)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


@asynccontextmanager
async def _real_servers(plan: Plan) -> AsyncIterator[Mapping[str, str]]:
    variables = {}
    async with AsyncExitStack() as stack:
        for backend in (MongodbBackend(), KafkaBackend()):
            server = await stack.enter_async_context(
                running(backend, plan.room(f"p10-{backend.name}"), say=in_silence)
            )
            pin(server.pid, DRIVER)
            variables[backend.variable] = server.url
        yield variables


def _record(commit: Commit) -> Record:
    (event,) = commit.events
    return Record(ORDER_EVENTS, commit.order_id, event.version, event.body, event.hash)


def _nothing(_step: str) -> None:
    """No process dies here on purpose."""
