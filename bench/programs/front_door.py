"""P8, P15: what callers outside get through Envoy."""

import json
from collections import Counter
from collections.abc import AsyncIterator

import httpx

from bench.closed_loop import call_times
from bench.estimates import estimate, ratios
from bench.figures import Estimate, Figure, at_least, at_most
from bench.h2load import Target, grpc_headers, write_grpc_body
from bench.open_loop import Call, Latencies, call_at, schedule
from bench.plan import Plan, halted, in_turns
from bench.running import MeasuredMesh, measured_mesh
from bench.saturation import saturate
from bench.shop import skus
from bench.stock_calls import BATCH_GET_STOCK, FRAME_BYTES, answer_of, request_of
from mesh.client.http import http_client
from tests.e2e.shop import order_of

_BATCH = 20
_LINES = (1, 10, 50)
_ORDERS_PER_SECOND = 8.0
_LOOK_UP_RESERVE_COMMIT = at_most(3)


async def rest_against_grpc(plan: Plan) -> AsyncIterator[Figure]:
    """P8: REST through Envoy against gRPC sent to the service directly."""
    room = plan.room("p8")
    async with measured_mesh(room / "home", "inventory", skus=1000) as measured:
        rest, grpc = await _rest_target(plan, measured), await _grpc_target(plan, measured)
        # Idle as they are, they take a tenth of the core that Envoy and the driver share.
        with halted(measured.others):
            rounds = await in_turns(
                plan,
                saturate(rest, measured.service, plan.seconds),
                saturate(grpc, measured.service, plan.seconds),
            )
    yield Figure(
        "P8",
        "REST through Envoy: calls/s against direct gRPC",
        ratios([(rest.calls_per_second, grpc.calls_per_second) for rest, grpc in rounds]),
        "x",
        at_least(0.80, 0.92),
        errors=sum(side.load.errors for both in rounds for side in both),
        notes={
            "REST: calls/s": estimate([rest.calls_per_second for rest, _ in rounds]).value,
            "REST: CPU µs per call of the service": estimate([rest.cpu_us for rest, _ in rounds]).value,
            "gRPC: calls/s": estimate([grpc.calls_per_second for _, grpc in rounds]).value,
            "gRPC: CPU µs per call of the service": estimate([grpc.cpu_us for _, grpc in rounds]).value,
        },
    )


async def placing_orders(plan: Plan) -> AsyncIterator[Figure]:
    """P15: PlaceOrder from the caller's side, with 1, 10 and 50 lines."""
    async with measured_mesh(plan.room("p15") / "home", "order", skus=1000) as measured:
        token = measured.mesh.token("alice")
        headers = {"authorization": f"Bearer {token}"}
        async with http_client(measured.mesh.url, headers=headers) as client:
            await call_times(10, _placing(client, 1), clients=1)
            rounds = await in_turns(
                plan, *(_PlacedOrders(plan, measured, client, each).side for each in _LINES)
            )
    p99s = [[latencies.percentile_ms(99) for latencies, _ in each] for each in rounds]
    errors = sum(latencies.errors for each in rounds for latencies, _ in each)
    for place, lines in enumerate(_LINES):
        yield Figure("P15", f"PlaceOrder, {lines} lines: p99", estimate([each[place] for each in p99s]), "ms")
    yield Figure(
        "P15",
        "PlaceOrder: p99 with 50 lines against 1",
        ratios([(each[-1], each[0]) for each in p99s]),
        "x",
        at_most(2.0),
        errors=errors,
    )
    for place, lines in enumerate(_LINES):
        yield _calls_per_order(lines, [each[place] for each in rounds])


class _PlacedOrders:
    """One side: orders of a size, placed at a rate, with the calls that inventory saw meanwhile."""

    def __init__(self, plan: Plan, measured: MeasuredMesh, client: httpx.AsyncClient, lines: int) -> None:
        self._plan = plan
        self._measured = measured
        self._call = _placing(client, lines)

    async def side(self) -> tuple[Latencies, Counter[str]]:
        before = Counter(self._measured.calls("inventory"))
        latencies = await call_at(
            schedule(_ORDERS_PER_SECOND, 3 * self._plan.seconds, self._plan.chance), self._call
        )
        return latencies, Counter(self._measured.calls("inventory")) - before


def _calls_per_order(lines: int, sides: list[tuple[Latencies, Counter[str]]]) -> Figure:
    orders = sum(len(latencies.seconds) for latencies, _ in sides)
    calls = sum((counted for _, counted in sides), Counter[str]())
    return Figure(
        "P15",
        f"PlaceOrder, {lines} lines: calls to inventory per order",
        Estimate.exact(calls.total() / orders),
        "calls",
        _LOOK_UP_RESERVE_COMMIT,
        notes={f"{name} per order": count / orders for name, count in calls.items()},
    )


def _placing(client: httpx.AsyncClient, lines: int) -> Call:
    wanted = [(sku, 1) for sku in skus(lines)]

    async def call(_number: int) -> bool:
        answer = await client.post("/v1/orders", json=order_of(*wanted))
        return answer.status_code == 200 and answer.json()["order"]["state"] == "ORDER_STATE_CONFIRMED"

    return call


async def _rest_target(plan: Plan, measured: MeasuredMesh) -> Target:
    body = plan.room("p8") / "request.json"
    body.write_text(json.dumps({"skus": skus(_BATCH)}))
    url = f"{measured.mesh.url}/v1/stock:batchGet"
    headers = {"content-type": "application/json"}
    async with http_client() as client:
        answer = await client.post(url, content=body.read_bytes(), headers=headers)
    return Target(url, body, len(answer.content), headers)


async def _grpc_target(plan: Plan, measured: MeasuredMesh) -> Target:
    address, request = measured.mesh.grpc("inventory"), request_of(skus(_BATCH))
    body = plan.room("p8") / "request.bin"
    write_grpc_body(body, request)
    answer = await answer_of(address, request)
    return Target(f"http://{address}{BATCH_GET_STOCK}", body, len(answer) + FRAME_BYTES, grpc_headers())
