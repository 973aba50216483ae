"""P25: three times more orders than the mesh can take, and people who only browse."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field

import httpx

from bench.closed_loop import call_for, call_times
from bench.estimates import percentile
from bench.figures import Estimate, Figure, at_least, at_most
from bench.open_loop import Call, call_at, schedule
from bench.plan import Plan
from bench.programs.whole import customer_of, mesh_up, placing
from bench.raw_http import RawHttp
from tests.e2e.shop import order_of

_CALLERS = 16
_OVERLOAD = 3.0
_SECONDS, _QUICK_SECONDS = 20.0, 3.0
_PAGES_PER_SECOND = 10.0
_SKU = "MUG-RED"
_PAGE = "/v1/products?query=mug"


@dataclass(slots=True)
class _Flood:
    """What callers saw.

    Attributes:
        orders: The ids of those that were acknowledged.
        refused: After how many ms the others were refused, with a time to try again.
        errors: Whatever else came.
    """

    orders: set[str] = field(default_factory=set)
    refused: list[float] = field(default_factory=list)
    errors: int = 0

    def ordering(self, client: RawHttp) -> Call:
        async def call(_number: int) -> bool:
            began = time.perf_counter()
            answer = await client.request("POST", "/v1/orders", json.dumps(order_of((_SKU, 1))).encode())
            if answer.status == httpx.codes.OK:
                self.orders.add(json.loads(answer.body)["order"]["orderId"])
            elif b"RetryInfo" in answer.body:
                self.refused.append(1000 * (time.perf_counter() - began))
            else:
                self.errors += 1
            return answer.status == httpx.codes.OK

        return call


async def orders_beyond_the_knee(plan: Plan) -> AsyncIterator[Figure]:
    """P25: three times the knee on the embedded default, the drivers on the same cores."""
    seconds = _QUICK_SECONDS if plan.is_quick else _SECONDS
    flood, pages = _Flood(), list[float]()
    async with AsyncExitStack() as stack:
        whole = stack.enter_context(mesh_up(plan, "p25", "embedded", OTEL_TRACES_SAMPLER_ARG="0.1"))
        customer = await stack.enter_async_context(customer_of(whole.mesh))
        bearer = {"authorization": customer.headers["authorization"]}
        crowd = stack.enter_context(closing(RawHttp(whole.mesh.url, bearer)))
        visitor = stack.enter_context(closing(RawHttp(whole.mesh.url, {})))
        warm = await call_times(_CALLERS, placing(customer), clients=2)
        knee = await call_for(seconds, placing(customer), clients=_CALLERS)
        mails = warm.calls + knee.calls
        await whole.until_mails(mails)
        looking = _looking(visitor, pages)
        chance = plan.chance
        await asyncio.gather(
            call_at(schedule(_OVERLOAD * knee.calls_per_second, seconds, chance), flood.ordering(crowd)),
            call_at(schedule(_PAGES_PER_SECOND, seconds, chance), looking),
        )
        await whole.until_mails(mails + len(flood.orders))
        lost = [order for order in sorted(flood.orders) if not await _is_there(customer, order)]
    kept = len(flood.orders) / seconds / knee.calls_per_second
    yield Figure(
        "P25",
        "orders/s under three times the knee against the knee",
        Estimate.exact(kept),
        "x",
        at_least(0.9),
        errors=flood.errors + len(lost),
        notes={"orders/s at the knee": knee.calls_per_second, "refused": len(flood.refused)},
    )
    yield Figure(
        "P25",
        "time to refuse an order: p50",
        Estimate.exact(percentile(flood.refused, 50) if flood.refused else 0.0),
        "ms",
        at_most(20),
        errors=not flood.refused,
        notes={"p99 ms": percentile(flood.refused, 99) if flood.refused else 0.0},
    )
    yield Figure(
        "P25", "a page of products under it: p99", Estimate.exact(percentile(pages, 99)), "ms", at_most(50)
    )


def _looking(visitor: RawHttp, waited: list[float]) -> Call:
    async def call(_number: int) -> bool:
        began = time.perf_counter()
        answer = await visitor.request("GET", _PAGE)
        waited.append(1000 * (time.perf_counter() - began))
        return answer.status == httpx.codes.OK

    return call


async def _is_there(customer: httpx.AsyncClient, order_id: str) -> bool:
    answer = await customer.get(f"/v1/orders/{order_id}")
    return answer.status_code == httpx.codes.OK
