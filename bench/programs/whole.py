"""P16, P16b, P19: what the whole mesh costs, an order until its mail and standing idle."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any

import grpc
import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from bench.closed_loop import call_for, call_times
from bench.cores import DRIVER, MEASURED, working_on
from bench.estimates import estimate, ratios
from bench.figures import Estimate, Figure, at_most
from bench.instance import Instance, serving, write_unlimited
from bench.open_loop import Call
from bench.plan import Plan, in_turns
from bench.processes import Process
from bench.raw_http import RawHttp
from mesh.client.http import http_client
from mesh.topology import SERVICES
from tests.e2e.shop import order_of
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import eventually

_CALLERS = {1: at_most(150, 80), 16: at_most(80, 50)}
_ORDERS = {1: 30, 16: 160}
_QUICK_ORDERS = {1: 3, 16: 16}
_SPANS = {"1": "all spans", "0.1": "10 % of spans"}
PROFILES = ("embedded", "real")
_IDLE_BOUNDS = {"embedded": at_most(2, 1), "real": at_most(3, 1.5)}
_IDLE_SECONDS = 60.0
_QUICK_IDLE_SECONDS = 5.0
_MAIL_SECONDS = 120.0
_SETTLE_SECONDS = 5.0
_ALONE = 10
_ECHO = "bench.servers.echo"
_ECHO_BYTES = 300
_SKU = "MUG-RED"
_STOCK = 100_000
_COUNTERS = {
    "shopmesh_database_hops_total": ("hops to database threads", at_most(40, 25)),
    "shopmesh_write_transactions_total": ("writing transactions", at_most(12, 9)),
    "shopmesh_event_log_reads_total": ("reads of the event log", at_most(8, 4)),
    "shopmesh_flushes_total": ("flushes", at_most(10, 6)),
}


@dataclass(frozen=True, slots=True)
class Whole:
    """A mesh that is up, and its processes by kind.

    Attributes:
        services: The four services.
        others: Envoy and the process that keeps all running.
        backends: The servers of the real profile.
    """

    mesh: RunningMesh
    services: tuple[Process, ...]
    others: tuple[Process, ...]
    backends: tuple[Process, ...]

    @classmethod
    def of(cls, mesh: RunningMesh) -> "Whole":
        pids = {name: int(part["pid"]) for name, part in mesh.parts().items() if part["pid"]}
        services = tuple(Process(pids[name]) for name in SERVICES)
        keeper = Process(psutil.Process(services[0].pid).ppid())
        known = {*SERVICES, "envoy"}
        return cls(
            mesh,
            services,
            (Process(pids["envoy"]), keeper),
            tuple(Process(pid) for name, pid in pids.items() if name not in known),
        )

    def mails(self) -> int:
        return sum(1 for _ in (self.mesh.home / "mail").glob("*.eml"))

    async def until_mails(self, count: int) -> None:
        """Wait until so many mails are written."""

        async def are_written() -> bool:
            return self.mails() >= count

        await eventually(are_written, f"{count} mails are written", seconds=_MAIL_SECONDS)

    def counted(self) -> dict[tuple[str, str], float]:
        """The counters of each service, by their names and its own."""
        counts = dict.fromkeys(product(_COUNTERS, SERVICES), 0.0)
        for service in SERVICES:
            text = httpx.get(self.mesh.metrics(service), trust_env=False).text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name in _COUNTERS:
                        counts[sample.name, service] += sample.value
        return counts


async def order_cost(plan: Plan) -> AsyncIterator[Figure]:
    """P16: processor time of the mesh from the first request until the last mail, per order, in echoes."""
    for profile in PROFILES:
        for ratio, spans in _SPANS.items():
            with mesh_up(plan, f"p16-{profile}-{ratio}", profile, OTEL_TRACES_SAMPLER_ARG=ratio) as whole:
                for callers, bound in _CALLERS.items():
                    sides = [each async for each in _in_echoes(plan, whole, callers)]
                    yield Figure(
                        "P16",
                        f"an order until its mail, {callers} callers, {profile}, {spans}: CPU in echoes",
                        ratios([(order.seconds, echo.seconds) for order, echo in sides]),
                        "x",
                        bound,
                        errors=sum(order.errors for order, _ in sides),
                        notes={
                            "ms per order": 1000 * median(order.seconds for order, _ in sides),
                            "echo µs": 1e6 * median(echo.seconds for _, echo in sides),
                            "backends beside: ms": 1000 * median(order.backends for order, _ in sides),
                        },
                    )


async def counts_of_an_order(plan: Plan) -> AsyncIterator[Figure]:
    """P16b: what one order alone costs on the embedded default, by the mesh's own counters."""
    with mesh_up(plan, "p16b", "embedded") as whole:
        rounds = []
        async with customer_of(whole.mesh) as client:
            await call_times(3, placing(client), clients=1)
            await whole.until_mails(3)
            for number in range(1 if plan.is_quick else _ALONE):
                await asyncio.sleep(_SETTLE_SECONDS)
                idle_from, began = whole.counted(), time.monotonic()
                await asyncio.sleep(_SETTLE_SECONDS)
                before, idle_seconds = whole.counted(), time.monotonic() - began
                began = time.monotonic()
                await call_times(1, placing(client), clients=1)
                await whole.until_mails(4 + number)
                # The last of it is noted behind the mail.
                await asyncio.sleep(_SETTLE_SECONDS)
                after, seconds = whole.counted(), time.monotonic() - began
                rounds.append(
                    {
                        name: after[name]
                        - before[name]
                        # What would have been counted without the order.
                        - (before[name] - idle_from[name]) * seconds / idle_seconds
                        for name in after
                    }
                )
    for name, (what, bound) in _COUNTERS.items():
        yield Figure(
            "P16b",
            f"one order alone: {what}",
            estimate([sum(each[name, service] for service in SERVICES) for each in rounds]),
            "",
            bound,
            notes={service: median(each[name, service] for each in rounds) for service in SERVICES},
        )


async def idle_mesh(plan: Plan) -> AsyncIterator[Figure]:
    """P19: processor time of a mesh that nobody uses, in per cent of one core."""
    seconds = _QUICK_IDLE_SECONDS if plan.is_quick else _IDLE_SECONDS
    for profile in PROFILES:
        with mesh_up(plan, f"p19-{profile}", profile) as whole:
            await asyncio.sleep(_SETTLE_SECONDS)
            kinds = (whole.services, whole.others, whole.backends)
            before = [_cpu(kind) for kind in kinds]
            await asyncio.sleep(seconds)
            services, others, backends = (
                100 * (_cpu(kind) - earlier) / seconds for kind, earlier in zip(kinds, before, strict=True)
            )
        embedded = profile == "embedded"
        yield Figure(
            "P19",
            f"idle, {profile}: {'the whole mesh' if embedded else 'the services'}",
            Estimate.exact(services + others if embedded else services),
            "% of a core",
            _IDLE_BOUNDS[profile],
            notes={"services": services, "Envoy and keeper": others, "backends": backends},
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time per order or call: of the mesh or the echo, and of backends beside it."""

    seconds: float
    backends: float = 0.0
    errors: int = 0


async def _in_echoes(plan: Plan, whole: Whole, callers: int) -> AsyncIterator[tuple[Cost, Cost]]:
    """An order's cost and an echo's server time, under the same number of callers, in turns."""
    folder = plan.room(f"{whole.mesh.home.parent.name}-echo-{callers}")
    (folder / "Say.bin").write_bytes(bytes(_ECHO_BYTES))
    home = Instance.made(folder / "home")
    async with AsyncExitStack() as stack:
        echo = await stack.enter_async_context(
            serving(home, _ECHO, str(folder), "order", service="order", core=None)
        )
        client = await stack.enter_async_context(customer_of(whole.mesh))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(home.address("order")))
        await call_times(callers, placing(client), clients=callers)
        count = orders_of(plan, callers)
        for order, echoed in await in_turns(
            plan,
            lambda: placed(whole, client, count, callers),
            lambda: _echoed(echo, channel, plan.seconds, callers),
        ):
            yield order, echoed


def orders_of(plan: Plan, callers: int) -> int:
    """How many orders are placed to see what one costs."""
    return (_QUICK_ORDERS if plan.is_quick else _ORDERS)[callers]


async def placed(whole: Whole, client: httpx.AsyncClient, count: int, callers: int) -> Cost:
    """Place orders, and wait for their mails."""
    mails = whole.mails()
    ours, backends = _cpu((*whole.services, *whole.others)), _cpu(whole.backends)
    load = await call_times(count, placing(client), clients=callers)
    await whole.until_mails(mails + load.calls)
    return Cost(
        (_cpu((*whole.services, *whole.others)) - ours) / count,
        (_cpu(whole.backends) - backends) / count,
        load.errors,
    )


async def _echoed(echo: Process, channel: grpc.aio.Channel, seconds: float, callers: int) -> Cost:
    say: Any = channel.unary_unary("/bench.Echo/Say")

    async def call(_number: int) -> bool:
        return len(await say(b"")) == _ECHO_BYTES

    before = echo.cpu_seconds()
    load = await call_for(seconds, call, clients=callers)
    return Cost((echo.cpu_seconds() - before) / load.calls)


@contextmanager
def mesh_up(plan: Plan, name: str, profile: str, **variables: str) -> Iterator[Whole]:
    """A mesh on any core, with stock for all orders."""
    room = plan.room(name)
    write_unlimited(room / "limits.json")
    variables = {**variables, "SHOPMESH_LIMITS_FILE": str(room / "limits.json")}
    with working_on(MEASURED, DRIVER), up(room / "home", "--profile", profile, **variables) as mesh:
        with mesh.http(mesh.token("admin")) as staff:
            added = {"requestId": "bench", "warehouse": "berlin", "delta": _STOCK, "reason": "bench"}
            staff.post(f"/v1/stock/{_SKU}:adjust", json=added).raise_for_status()
        yield Whole.of(mesh)


def customer_of(mesh: RunningMesh) -> httpx.AsyncClient:
    return http_client(mesh.url, headers={"authorization": f"Bearer {mesh.token('alice')}"})


def placing(client: httpx.AsyncClient) -> Call:
    async def call(_number: int) -> bool:
        answer = await client.post("/v1/orders", json=order_of((_SKU, 1)))
        return answer.status_code == 200 and answer.json()["order"]["state"] == "ORDER_STATE_CONFIRMED"

    return call


def placing_lightly(client: RawHttp) -> Call:
    async def call(_number: int) -> bool:
        answer = await client.request("POST", "/v1/orders", json.dumps(order_of((_SKU, 1))).encode())
        return answer.status == 200 and b"ORDER_STATE_CONFIRMED" in answer.body

    return call


def _cpu(processes: Iterable[Process]) -> float:
    return sum(each.cpu_seconds() for each in processes)
