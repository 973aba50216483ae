"""P23: what the front end gets of each service, against an echo of the same bytes behind the same Envoy."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message

from bench.estimates import estimate, ratios
from bench.figures import Bound, Figure, at_least
from bench.h2load import Load, Target, drive
from bench.instance import Instance, serving
from bench.plan import Plan, in_turns
from bench.running import MeasuredMesh, measured_mesh
from bench.shop import skus
from mesh.client.http import http_client
from mesh.contract import load_contract
from shopmesh.inventory.v1 import catalog_service_pb2 as catalog
from shopmesh.order.v1 import order_service_pb2 as orders
from tests.e2e.shop import place
from tests.mesh.front_door.proxy import open_proxy

_ECHO = "bench.servers.echo"
_ORDERS = 20
_PRODUCTS = 24
_UNLIMITED = 6_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """One read of the page.

    Attributes:
        what: As the table shows it.
        path: With its query, below Envoy.
        service: Who answers it.
        method: Its gRPC path.
        request: The same as a message.
        body: The JSON body; None: a GET.
    """

    what: str
    path: str
    service: str
    method: str
    request: Message
    bound: Bound
    body: str | None = None


async def rest_against_echo(plan: Plan) -> AsyncIterator[Figure]:
    """P23: reads through Envoy against an echo of the same bytes behind an equal Envoy."""
    room = plan.room("p23")
    for service, reads in (("order", _order_reads), ("inventory", _catalog_reads)):
        async with measured_mesh(room / service, service, skus=1000) as measured:
            with measured.mesh.http(measured.mesh.token("alice")) as alice:
                placed = [place(alice, (sku, 1)) for sku in skus(_ORDERS)]
            for read in reads(placed[0]["orderId"]):
                yield await _against_echo(plan, measured, read)


async def _against_echo(plan: Plan, measured: MeasuredMesh, read: Read) -> Figure:
    token = measured.mesh.token("alice")
    folder = plan.room(f"p23-{read.what.split('(')[0]}")
    answer = await _bytes_of(measured.mesh.grpc(read.service), read, token)
    (folder / f"{read.method.rpartition('/')[2]}.bin").write_bytes(answer)
    body = _written(folder, read)
    ours = await _target(body, measured.mesh.url, read, {"authorization": f"Bearer {token}"})
    async with AsyncExitStack() as stack:
        echo = Instance.made(folder / "echo")
        await stack.enter_async_context(serving(echo, _ECHO, str(folder), read.service, service=read.service))
        proxy = await stack.enter_async_context(_same_envoy(folder / "envoy", echo))
        theirs = await _target(body, proxy.url, read, proxy.bearer())

        async def real() -> Load:
            return await drive(ours, seconds=plan.seconds)

        async def echoed() -> Load:
            return await drive(theirs, seconds=plan.seconds)

        await drive(ours, seconds=plan.seconds / 4)
        rounds = await in_turns(plan, real, echoed)
    return Figure(
        "P23",
        f"{read.what} through Envoy: calls/s against an echo of the same bytes",
        ratios([(mesh.calls_per_second, floor.calls_per_second) for mesh, floor in rounds]),
        "x",
        read.bound,
        errors=sum(each.errors for both in rounds for each in both),
        notes={
            "calls/s": estimate([mesh.calls_per_second for mesh, _ in rounds]).value,
            "echo: calls/s": estimate([floor.calls_per_second for _, floor in rounds]).value,
            "bytes": float(len(answer)),
        },
    )


def _order_reads(order_id: str) -> tuple[Read, ...]:
    service = "/shopmesh.order.v1.OrderService"
    lines = [orders.LineRequest(sku=sku, quantity=1) for sku in skus(5)]
    shown = ",".join(f'{{"sku": "{line.sku}", "quantity": 1}}' for line in lines)
    return (
        Read(
            "GetOrder",
            f"/v1/orders/{order_id}",
            "order",
            f"{service}/GetOrder",
            orders.GetOrderRequest(order_id=order_id),
            at_least(0.3, 0.5),
        ),
        Read(
            "QuoteOrder(5)",
            "/v1/orders:quote",
            "order",
            f"{service}/QuoteOrder",
            orders.QuoteOrderRequest(lines=lines),
            at_least(0.35, 0.5),
            body=f'{{"lines": [{shown}]}}',
        ),
        Read(
            f"ListOrders({_ORDERS})",
            f"/v1/orders?pageSize={_ORDERS}",
            "order",
            f"{service}/ListOrders",
            orders.ListOrdersRequest(page_size=_ORDERS),
            at_least(0.1, 0.25),
        ),
    )


def _catalog_reads(_order_id: str) -> tuple[Read, ...]:
    return (
        Read(
            f"ListProducts({_PRODUCTS}) with a search",
            f"/v1/products?pageSize={_PRODUCTS}&query=sku-0000",
            "inventory",
            "/shopmesh.inventory.v1.CatalogService/ListProducts",
            catalog.ListProductsRequest(page_size=_PRODUCTS, query="sku-0000"),
            at_least(0.3, 0.5),
        ),
    )


def _same_envoy(folder: Path, echo: Instance) -> Any:
    """An Envoy of the same configuration on the driver's core, as the mesh's own."""
    contract = load_contract()
    limits = {
        name: replace(limit, rate_per_minute=_UNLIMITED, burst=_UNLIMITED)
        for name, limit in contract.limit_classes.items()
    }
    folder.mkdir()
    return open_proxy(contract, folder, port_offset=echo.port_offset, limits=limits)


async def _bytes_of(address: str, read: Read, token: str) -> bytes:
    """What the service answers, as bytes."""
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(read.method)
        request = read.request.SerializeToString()
        return bytes(await call(request, metadata=(("authorization", f"Bearer {token}"),), timeout=10))


def _written(folder: Path, read: Read) -> Path | None:
    if read.body is None:
        return None
    body = folder / "request.json"
    body.write_text(read.body)
    return body


async def _target(file: Path | None, url: str, read: Read, token: Mapping[str, str]) -> Target:
    """The read for h2load, with the length of its right answer."""
    headers = dict(token)
    if read.body is not None:
        headers["content-type"] = "application/json"
    async with http_client() as client:
        verb = "GET" if read.body is None else "POST"
        answer = await client.request(verb, f"{url}{read.path}", headers=headers, content=read.body)
    answer.raise_for_status()
    return Target(f"{url}{read.path}", file, len(answer.content), headers)
