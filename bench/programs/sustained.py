"""P17, P18: orders until their mails are written, and how long a customer waits, against the twin."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Self

import httpx
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.closed_loop import call_for, call_times
from bench.estimates import estimate, percentile, ratios
from bench.figures import Figure, at_least, at_most
from bench.instance import Instance
from bench.open_loop import Call, call_at, schedule
from bench.plan import Plan, in_turns
from bench.processes import started
from bench.programs.whole import PROFILES, customer_of, mesh_up, placing, placing_lightly
from bench.raw_http import RawHttp
from bench.stocked import mariadb
from bench.twin.app import MAILS
from mesh.client.http import http_client
from mesh.topology import ENVOY_PORT
from tests.support.waiting import eventually

_CALLERS = 16
_SECONDS = 20.0
_QUICK_SECONDS = 2.0
_ALONE = 100
_QUICK_ALONE = 10
_OF_THE_KNEE = 0.6
_WARM_UP = 16
_MAIL_SECONDS = 300.0
_READY_SECONDS = 30.0
_DATABASE = "shopmesh_twin"


@dataclass(frozen=True, slots=True)
class _Shop:
    """What takes orders, and the folder in which it writes their mails."""

    client: httpx.AsyncClient
    place: Call
    folder: Path

    @classmethod
    def of(cls, client: httpx.AsyncClient, folder: Path) -> Self:
        return cls(client, placing(client), folder)

    @contextmanager
    def driven_lightly(self) -> Iterator[Self]:
        """The same with a driver that is hardly ever late itself."""
        headers = {"authorization": self.client.headers["authorization"]}
        with closing(RawHttp(str(self.client.base_url), headers)) as client:
            yield replace(self, place=placing_lightly(client))

    def mails(self) -> int:
        return sum(1 for _ in self.folder.glob("*.eml"))

    async def until_mails(self, count: int) -> None:
        async def are_written() -> bool:
            return self.mails() >= count

        await eventually(are_written, f"{count} mails are written", seconds=_MAIL_SECONDS)


@dataclass(frozen=True, slots=True)
class _Rate:
    """Orders per second until their last mail was written."""

    orders_per_second: float
    errors: int


async def orders_per_second(plan: Plan) -> AsyncIterator[Figure]:
    """P17: orders per second until the last mail, against the twin, the driver on the same cores."""
    for profile in PROFILES:
        async with _both(plan, f"p17-{profile}", profile) as (mesh, twin):
            seconds = _QUICK_SECONDS if plan.is_quick else _SECONDS
            rounds = await in_turns(plan, _sustained(mesh, seconds), _sustained(twin, seconds))
        yield Figure(
            "P17",
            f"orders until their mails, {profile}: per second, against the twin",
            ratios([(ours.orders_per_second, theirs.orders_per_second) for ours, theirs in rounds]),
            "x",
            at_least(0.8, 1.2),
            errors=sum(side.errors for both in rounds for side in both),
            notes={
                "orders/s": median(ours.orders_per_second for ours, _ in rounds),
                "the twin's": median(theirs.orders_per_second for _, theirs in rounds),
            },
        )


async def waiting_for_an_order(plan: Plan) -> AsyncIterator[Figure]:
    """P18: how long one caller waits for PlaceOrder against the twin's, and many at 60 % of the knee."""
    async with _both(plan, "p18", "embedded") as (mesh, twin):
        rounds = await in_turns(plan, _alone(plan, mesh), _alone(plan, twin))
        with mesh.driven_lightly() as shop:
            seconds = _QUICK_SECONDS if plan.is_quick else _SECONDS
            knee = (await _sustained(shop, seconds)()).orders_per_second
            at_load = [
                await call_at(schedule(_OF_THE_KNEE * knee, seconds, plan.chance), shop.place)
                for _ in range(1 if plan.is_quick else 3)
            ]
    for percent, bound in ((50, at_most(2.5, 1.5)), (99, at_most(3, 2))):
        pairs = [(percentile(ours, percent), percentile(theirs, percent)) for ours, theirs in rounds]
        yield Figure(
            "P18",
            f"PlaceOrder alone: p{percent} against the twin's",
            ratios(pairs),
            "x",
            bound,
            notes={
                "ms": 1000 * median(ours for ours, _ in pairs),
                "the twin's": 1000 * median(theirs for _, theirs in pairs),
            },
        )
    yield Figure(
        "P18",
        "PlaceOrder at 60 % of the knee: p99",
        estimate([each.percentile_ms(99) for each in at_load]),
        "ms",
        at_most(120, 50),
        errors=sum(each.errors for each in at_load),
        notes={
            "orders/s at the knee": knee,
            "the driver's lateness, p99 ms": max(each.lateness_p99_ms for each in at_load),
        },
    )


def _sustained(shop: _Shop, seconds: float) -> Callable[[], Awaitable[_Rate]]:
    async def side() -> _Rate:
        before, began = shop.mails(), time.perf_counter()
        load = await call_for(seconds, shop.place, clients=_CALLERS)
        await shop.until_mails(before + load.calls)
        return _Rate(load.calls / (time.perf_counter() - began), load.errors)

    return side


def _alone(plan: Plan, shop: _Shop) -> Callable[[], Awaitable[list[float]]]:
    count = _QUICK_ALONE if plan.is_quick else _ALONE

    async def side() -> list[float]:
        waited: list[float] = []
        before = shop.mails()
        for number in range(count):
            began = time.perf_counter()
            assert await shop.place(number)
            waited.append(time.perf_counter() - began)
        await shop.until_mails(before + count)
        return waited

    return side


@asynccontextmanager
async def _both(plan: Plan, name: str, profile: str) -> AsyncIterator[tuple[_Shop, _Shop]]:
    """The mesh and the twin, warm, over databases of the same kind."""
    async with AsyncExitStack() as stack:
        mesh = stack.enter_context(mesh_up(plan, name, profile, OTEL_TRACES_SAMPLER_ARG="0.1")).mesh
        customer = await stack.enter_async_context(customer_of(mesh))
        folder = plan.room(f"{name}-twin")
        if profile == "embedded":
            url = f"sqlite+aiosqlite:///{folder}/twin.db"
        else:
            url = await _database(await stack.enter_async_context(mariadb(folder / "mariadb")))
        twin = await stack.enter_async_context(_twin_up(folder, url))
        shops = _Shop.of(customer, mesh.home / "mail"), twin
        for shop in shops:
            before = shop.mails()
            load = await call_times(_WARM_UP, shop.place, clients=2)
            await shop.until_mails(before + load.calls)
        yield shops


@asynccontextmanager
async def _twin_up(folder: Path, url: str) -> AsyncIterator[_Shop]:
    home = Instance.made(folder)
    port = ENVOY_PORT + home.port_offset
    command = (sys.executable, "-m", "bench.twin.app", str(folder), url, str(port))
    async with started(command, core=None, log=folder / "twin.log", environ={}):
        await eventually(lambda: _listens(port), "the twin listens", seconds=_READY_SECONDS)
        headers = {"authorization": f"Bearer {home.user_token()}"}
        async with http_client(f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            yield _Shop.of(client, folder / MAILS)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _database(server: str) -> str:
    """The URL of a database for the twin."""
    url = make_url(server).set(drivername="mysql+asyncmy", database=None)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE DATABASE {_DATABASE}"))
    await engine.dispose()
    return url.set(database=_DATABASE).render_as_string(hide_password=False)
