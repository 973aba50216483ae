"""P22, P22r: what an order costs where a million are stored, on the embedded default and on real servers."""

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

import bench.past_orders
from bench.closed_loop import call_times
from bench.cores import DRIVER, MEASURED, working_on
from bench.estimates import percentile, ratios
from bench.figures import Estimate, Figure, at_most
from bench.plan import Plan, in_turns
from bench.programs.whole import Whole, customer_of, mesh_up, orders_of, placed, placing
from tests.support.ports import free_offset

_ORDERS = 1_000_000
_QUICK_ORDERS = 2_000
_SHARE_OF_ONE = 10
_FILLING = at_most(15)
_LIKE_EMPTY = at_most(1.2, 1.05)
_ALONE = 50
_QUICK_ALONE = 5
_WARM_UP = 16
_VERIFY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class _Shop:
    """A mesh, and a customer of it."""

    whole: Whole
    client: httpx.AsyncClient


def with_many_orders(plan: Plan) -> AsyncIterator[Figure]:
    """P22: orders where a million are stored, a tenth of them the customer's, against an empty mesh."""
    return _measured(plan, "P22", "embedded")


def with_many_orders_on_servers(plan: Plan) -> AsyncIterator[Figure]:
    """P22r: the same on real servers."""
    return _measured(plan, "P22r", "real")


async def _measured(plan: Plan, row: str, profile: str) -> AsyncIterator[Figure]:
    count = _QUICK_ORDERS if plan.is_quick else _ORDERS
    stored = f"{profile}, {count:,} orders stored"
    with mesh_up(plan, _full(profile), profile) as whole:
        customer_id = _subject(whole.mesh.token("alice"))
    with working_on(MEASURED, DRIVER):
        minutes = await _fill(plan.room(_full(profile)) / "home", profile, customer_id, count)
    yield Figure(row, f"{stored}: filling all stores", Estimate.exact(minutes), "min", _FILLING)
    async with _both(plan, profile) as (full, empty):
        async for what, pairs in _compared(plan, full, empty):
            notes = {"ms": 1000 * pairs[-1][0], "ms where none are": 1000 * pairs[-1][1]}
            yield Figure(row, f"{stored}: {what}, against none", ratios(pairs), "x", _LIKE_EMPTY, notes=notes)
        minutes = await _verified(full)
    yield Figure(row, f"{stored}: `orders verify` finds nothing wrong", Estimate.exact(minutes), "min")


async def _compared(
    plan: Plan, full: _Shop, empty: _Shop
) -> AsyncIterator[tuple[str, Sequence[tuple[float, float]]]]:
    """What was compared, and both sides of each round."""
    for callers in (1, 16):
        rounds = await in_turns(plan, _cost(plan, full, callers), _cost(plan, empty, callers))
        yield f"processor time of an order, {callers} callers", [(ours, theirs) for ours, theirs in rounds]
    waits = await in_turns(plan, _waits(plan, full), _waits(plan, empty))
    for percent in (50, 99):
        pairs = [(percentile(ours, percent), percentile(theirs, percent)) for ours, theirs in waits]
        yield f"PlaceOrder alone, p{percent}", pairs


async def _fill(home: Path, profile: str, customer_id: str, count: int) -> float:
    """Fill the stores of a mesh that is down; how many minutes it took."""
    began = time.monotonic()
    filling = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", bench.past_orders.__name__, str(count)),
        *("--of", customer_id, "--theirs", str(count // _SHARE_OF_ONE)),
        env={
            **os.environ,
            "SHOPMESH_HOME": str(home),
            "SHOPMESH_PROFILE": profile,
            "SHOPMESH_PORT_OFFSET": str(free_offset()),
        },
    )
    if await filling.wait():
        raise subprocess.CalledProcessError(filling.returncode or 1, bench.past_orders.__name__)
    return (time.monotonic() - began) / 60


@asynccontextmanager
async def _both(plan: Plan, profile: str) -> AsyncIterator[tuple[_Shop, _Shop]]:
    """The full mesh and an empty one, warm."""
    async with AsyncExitStack() as stack:
        shops = []
        for name in (_full(profile), f"p22-{profile}-empty"):
            whole = stack.enter_context(mesh_up(plan, name, profile))
            client = await stack.enter_async_context(customer_of(whole.mesh))
            await call_times(_WARM_UP, placing(client), clients=2)
            await whole.until_mails(_WARM_UP)
            shops.append(_Shop(whole, client))
        full, empty = shops
        yield full, empty


def _cost(plan: Plan, shop: _Shop, callers: int) -> Callable[[], Awaitable[float]]:
    async def side() -> float:
        cost = await placed(shop.whole, shop.client, orders_of(plan, callers), callers)
        return cost.seconds + cost.backends

    return side


def _waits(plan: Plan, shop: _Shop) -> Callable[[], Awaitable[list[float]]]:
    async def side() -> list[float]:
        place, mails, waits = placing(shop.client), shop.whole.mails(), list[float]()
        for number in range(_QUICK_ALONE if plan.is_quick else _ALONE):
            began = time.perf_counter()
            assert await place(number)
            waits.append(time.perf_counter() - began)
        await shop.whole.until_mails(mails + len(waits))
        return waits

    return side


async def _verified(shop: _Shop) -> float:
    """Every stored byte is as it was written; how many minutes it takes to see it."""
    began = time.monotonic()
    await asyncio.to_thread(shop.whole.mesh.run, "orders", "verify", patience_seconds=_VERIFY_SECONDS)
    return (time.monotonic() - began) / 60


def _full(profile: str) -> str:
    return f"p22-{profile}"


def _subject(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])
