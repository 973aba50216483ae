"""Inventory while its MariaDB is away, and once it is back."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from mesh.backends.backend import Place
from mesh.backends.mariadb import MariadbBackend
from mesh.backends.running import Server, serving
from mesh.server.context import ServiceContext
from mesh.server.process import Service
from services.inventory.server import compose
from shopmesh.inventory.v1 import catalog_service_pb2, inventory_service_pb2
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from tests.support.events import running
from tests.support.inventory.shop import order_id
from tests.support.minting import bearer
from tests.support.real_servers import OwnPlace
from tests.support.serving import reason_of, serve
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

ASK = catalog_service_pb2.ListProductsRequest()
RESERVE = inventory_service_pb2.ReserveStockRequest(
    order_id=order_id(1), lines=[inventory_service_pb2.ReserveLine(sku="MUG-RED", quantity=1)]
)


@dataclass
class Database:
    """A server that a test may harm, on a port of its own."""

    place: Place
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    server: Server | None = None

    async def start(self) -> Server:
        self.server = await self.stack.enter_async_context(serving(MariadbBackend(), self.place))
        return self.server

    def signal(self, number: signal.Signals) -> None:
        assert self.server is not None
        os.kill(self.server.pid, number)


@pytest.fixture
async def database(own_place: OwnPlace) -> AsyncIterator[Database]:
    started = Database(own_place(MariadbBackend()))
    async with started.stack:
        await started.start()
        yield started


@dataclass(frozen=True)
class Calls:
    """What the tests ask."""

    catalog: "CatalogServiceAsyncStub"
    stock: "InventoryServiceAsyncStub"
    as_order: tuple[tuple[str, str], ...]

    async def ask(self, seconds: float = 20) -> None:
        await self.catalog.ListProducts(ASK, timeout=seconds)

    async def reserve(self) -> None:
        await self.stock.ReserveStock(RESERVE, metadata=self.as_order, timeout=20)

    async def answers(self) -> bool:
        try:
            await self.ask()
        except grpc.aio.AioRpcError:
            return False
        return True


@pytest.fixture
async def calls(database: Database, tmp_path: Path) -> AsyncIterator[Calls]:
    assert database.server is not None
    async with serve("inventory", composed, tmp_path, mysql_url=database.server.url) as served:
        as_order = bearer(served.mint.service("order", "inventory"))
        yield Calls(CatalogServiceStub(served.channel), InventoryServiceStub(served.channel), as_order)


@asynccontextmanager
async def composed(context: ServiceContext) -> AsyncIterator[Service]:
    async with compose(context) as service, running(*(task() for task in service.tasks)):
        yield service


async def test_a_killed_server_is_unavailable_and_then_back(database: Database, calls: Calls) -> None:
    await calls.ask()

    database.signal(signal.SIGKILL)
    for call in (calls.ask, calls.reserve):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call()
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert reason_of(refused.value) == "STORE_UNAVAILABLE"

    await database.start()
    await eventually(calls.answers, "the catalogue answers again")


async def test_a_server_that_stands_still_costs_a_call_no_more_than_its_deadline(
    database: Database, calls: Calls
) -> None:
    await calls.ask()

    database.signal(signal.SIGSTOP)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await calls.ask(seconds=0.5)
    database.signal(signal.SIGCONT)

    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await eventually(calls.answers, "the catalogue answers again")
