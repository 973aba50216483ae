"""The order service over gRPC, with a real inventory service behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from mesh.channels import Channels
from mesh.server.context import ServiceContext
from mesh.server.process import Compose, Service
from services.inventory.server import compose as compose_inventory
from services.order.server import compose as compose_order
from shopmesh.inventory.v1 import inventory_service_pb2 as stock
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as stock_rpc
from shopmesh.order.v1 import audit_service_pb2_grpc, order_service_pb2_grpc
from tests.support.events import running
from tests.support.inventory.shop import open_shop
from tests.support.minting import ALICE, bearer
from tests.support.serving import Served, serve

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """An order service and its inventory."""

    order: Served
    inventory: Served
    orders: "order_service_pb2_grpc.OrderServiceAsyncStub"
    audit: "audit_service_pb2_grpc.AuditServiceAsyncStub"

    def token(self, subject: str = ALICE, *scopes: str, **claims: Any) -> Metadata:
        return bearer(self.order.mint.user(subject, *(scopes or ("profile", "orders")), **claims))

    def staff(self, *scopes: str) -> Metadata:
        return bearer(self.order.mint.user("0192f000-0000-7000-8000-0000000000ad", *scopes))

    def service(self, name: str) -> Metadata:
        return bearer(self.order.mint.service(name, "order"))

    async def stock_of(self, sku: str) -> stock.Stock:
        stub = stock_rpc.InventoryServiceStub(self.inventory.channel)
        return (await stub.GetStock(stock.GetStockRequest(sku=sku))).stock


@pytest.fixture(params=["sqlite", "mongodb"])
def mongodb_or_none(request: pytest.FixtureRequest) -> str | None:
    """For use cases that have to be the same on both stores: where MongoDB is, if it is to be used."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("mongodb_url"))


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that sells ten red mugs for 12.50 € and three teapots for 30 €."""
    async with open_order_shop(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def open_order_shop(folder: Path, *, mongodb_url: str | None = None) -> AsyncIterator[Shop]:
    """The same, with its orders in files or in MongoDB."""
    home = folder / "inventory"
    async with open_shop(home / "embedded" / "inventory.db") as shelves:
        await shelves.sell("MUG-RED", "12.50", berlin=10)
        await shelves.sell("TEAPOT", "30.00", berlin=3)
        async with (
            serve("inventory", compose_inventory, home) as inventory,
            _channel_of_order_to(inventory) as channel,
            serve("order", _composing(channel), folder / "order", mongodb_url=mongodb_url) as order,
        ):
            yield Shop(
                order,
                inventory,
                order_service_pb2_grpc.OrderServiceStub(order.channel),
                audit_service_pb2_grpc.AuditServiceStub(order.channel),
            )


def _composing(channel: grpc.aio.Channel) -> Compose:
    @asynccontextmanager
    async def composed(context: ServiceContext) -> AsyncIterator[Service]:
        channels = Channels(channels={"inventory": channel, "user": context.channels.to("user")})
        async with (
            compose_order(replace(context, channels=channels)) as service,
            running(*(task() for task in service.tasks)),
        ):
            yield service

    return composed


@asynccontextmanager
async def _channel_of_order_to(inventory: Served) -> AsyncIterator[grpc.aio.Channel]:
    async def token() -> str:
        return inventory.mint.service("order", "inventory")

    interceptors = list(outgoing_interceptors(token))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{inventory.port}", interceptors=interceptors) as channel:
        yield channel
