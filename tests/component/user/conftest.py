"""The user service as it is composed: gRPC behind the real chain, HTTP on a socket, tokens of its own."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import uvicorn

from interceptors.core.status_error import DETAILS_KEY, StatusError
from mesh.channels import Channels
from mesh.server.context import ServiceContext
from mesh.server.process import Service
from mesh.settings import MeshSettings
from services.kernel.clock import system_clock
from services.user.adapters.keys_file import KeyFiles
from services.user.application.housekeeping import Housekeeping
from services.user.server import compose
from shopmesh.order.v1 import order_service_pb2, order_service_pb2_grpc
from tests.support.browsing import Browser
from tests.support.serving import serve


@dataclass
class AdjustableClock:
    """A clock that stands still until a test turns it on, however long the test takes."""

    now: datetime = field(default_factory=system_clock)

    def __call__(self) -> datetime:
        return self.now

    def turn_on(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class OrderService(order_service_pb2_grpc.OrderServiceServicer):
    """The order service's side of an erasure: who has open orders, who was closed."""

    open_customers: set[str] = field(default_factory=set)
    closed_customers: set[str] = field(default_factory=set)

    async def CloseCustomer(
        self, request: order_service_pb2.CloseCustomerRequest, context: Any
    ) -> order_service_pb2.CloseCustomerResponse:
        if request.user_id in self.open_customers:
            refused = StatusError(
                grpc.StatusCode.FAILED_PRECONDITION, "OPEN_ORDERS", "an order is on its way"
            )
            details = refused.status().SerializeToString()
            await context.abort(refused.code, refused.message, ((DETAILS_KEY, details),))
        self.closed_customers.add(request.user_id)
        return order_service_pb2.CloseCustomerResponse()


@dataclass(frozen=True)
class RunningProvider:
    """The service, where it is reached, and the demo accounts."""

    url: str
    channel: grpc.aio.Channel
    context: ServiceContext
    clock: AdjustableClock
    orders: OrderService
    service: Service

    @property
    def settings(self) -> MeshSettings:
        return self.context.settings

    @property
    def housekeeping(self) -> Housekeeping:
        owners = (getattr(task, "__self__", None) for task in self.service.tasks)
        return next(each for each in owners if isinstance(each, Housekeeping))

    @property
    def credentials(self) -> Mapping[str, Mapping[str, str]]:
        """Address and password of each demo account, by its name."""
        found: Mapping[str, Mapping[str, str]] = json.loads(
            (self.settings.home / "credentials.json").read_text()
        )
        return found

    def password_of(self, name: str) -> str:
        return self.credentials[name]["password"]

    def secret_of(self, client: str) -> str:
        return self.settings.client_secret(client).read_text().strip()


@pytest.fixture
async def provider(tmp_path: Path, seeded_home: Path) -> AsyncIterator[RunningProvider]:
    settings = MeshSettings(home=tmp_path)
    shutil.copytree(seeded_home, tmp_path, dirs_exist_ok=True)
    clock, composed = AdjustableClock(), list[Service]()
    orders = OrderService()  # type: ignore[abstract]

    async with order_service(orders) as order_channel:

        @asynccontextmanager
        async def compose_here(context: ServiceContext) -> AsyncIterator[Service]:
            here = replace(context, clock=clock, channels=Channels(channels={"order": order_channel}))
            async with compose(here) as service:
                composed.append(service)
                yield service

        async with (
            serve("user", compose_here, tmp_path, edge_secret="the front proxy's") as running,
            served(composed[0].http) as url,
        ):
            KeyFiles.of(settings).publish()
            yield RunningProvider(url, running.channel, running.context, clock, orders, composed[0])


@pytest.fixture
async def http(provider: RunningProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with Browser(provider.url, timeout=30) as client:
        yield client


@asynccontextmanager
async def order_service(orders: OrderService) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    order_service_pb2_grpc.add_OrderServiceServicer_to_server(orders, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@asynccontextmanager
async def served(app: object) -> AsyncIterator[str]:
    """Serve an ASGI application on a real socket."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", proxy_headers=False)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
