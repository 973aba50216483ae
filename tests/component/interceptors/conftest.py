"""An order service whose methods do what a test needs, behind the real chain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from interceptors.auth.caller import caller
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer
from services.kernel.errors import DomainError
from shopmesh.order.v1 import audit_service_pb2_grpc, order_service_pb2, order_service_pb2_grpc
from shopmesh.stream.v1.stream_pb2 import Heartbeat
from tests.support.serving import Served, serve


class OrderIsAway(DomainError):
    reason = "ORDER_IS_AWAY"


class ProbeServicer(order_service_pb2_grpc.OrderServiceServicer):
    """GetOrder answers who called, or fails as its order id tells it to."""

    calls = 0

    async def GetOrder(self, request: Any, context: Any) -> Any:
        type(self).calls += 1
        match request.order_id[-1]:
            case "1":
                raise OrderIsAway(
                    "order is away", fields=[("orderId", "is away")], metadata={"state": "AWAY"}
                )
            case "2":
                raise RuntimeError("secret text")
            case "3":
                await asyncio.Event().wait()
        return order_service_pb2.GetOrderResponse(order=order_service_pb2.Order(customer_id=caller().subject))

    async def QuoteOrder(self, request: Any, context: Any) -> Any:
        return order_service_pb2.QuoteOrderResponse()

    async def CloseCustomer(self, request: Any, context: Any) -> Any:
        return order_service_pb2.CloseCustomerResponse()

    async def PlaceOrder(self, request: Any, context: Any) -> Any:
        return order_service_pb2.PlaceOrderResponse()

    async def WatchOrder(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield order_service_pb2.WatchOrderResponse(heartbeat=Heartbeat())
        if request.order_id[-1] == "1":
            raise OrderIsAway("order is away")


PROBE = ProbeServicer()  # type: ignore[abstract]
NOTHING_BUILT = audit_service_pb2_grpc.AuditServiceServicer()  # type: ignore[abstract]


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    yield Service(
        servicers=(
            Servicer(order_service_pb2_grpc.add_OrderServiceServicer_to_server, PROBE),
            Servicer(audit_service_pb2_grpc.add_AuditServiceServicer_to_server, NOTHING_BUILT),
        ),
        errors={OrderIsAway: grpc.StatusCode.FAILED_PRECONDITION},
        hard={"store": _yes},
        soft={},
    )


@pytest.fixture(params=[True, False], ids=["fast paths", "plain paths"])
async def served(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serve("order", compose, tmp_path, edge_secret="the-edge", fast_paths=request.param) as running:
        yield running


@pytest.fixture
def orders(served: Served) -> order_service_pb2_grpc.OrderServiceStub:
    return order_service_pb2_grpc.OrderServiceStub(served.channel)


@pytest.fixture
def audits(served: Served) -> Any:
    return audit_service_pb2_grpc.AuditServiceStub(served.channel)


async def _yes() -> bool:
    return True
