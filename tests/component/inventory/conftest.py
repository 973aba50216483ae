"""The inventory service in this process: real servicers behind the real chain, over a SQLite file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mesh.server.context import ServiceContext
from mesh.server.process import Service
from services.inventory.server import compose
from shopmesh.inventory.v1 import catalog_service_pb2_grpc, inventory_service_pb2_grpc, wms_service_pb2_grpc
from tests.support.events import running
from tests.support.inventory.shop import Shop, open_shop
from tests.support.minting import bearer
from tests.support.serving import Served, serve


@dataclass(frozen=True, slots=True)
class Inventory:
    """A running inventory service, its stubs, and a look into its database."""

    served: Served
    shop: Shop
    catalog: "catalog_service_pb2_grpc.CatalogServiceAsyncStub"
    stock: "inventory_service_pb2_grpc.InventoryServiceAsyncStub"
    wms: "wms_service_pb2_grpc.WmsServiceAsyncStub"

    @property
    def as_order(self) -> dict[str, Any]:
        """What a call of the order service carries."""
        return {"metadata": bearer(self.served.mint.service("order", "inventory")), "timeout": 20}

    @property
    def as_admin(self) -> dict[str, Any]:
        """What a call of the shop's staff carries."""
        return {
            "metadata": bearer(self.served.mint.user("admin-id", "stock:write", "catalog:write")),
            "timeout": 20,
        }

    async def sell(self, **stock: int) -> None:
        """Put products on sale, each with so many pieces in berlin; `MUG_RED` is MUG-RED."""
        for name, count in stock.items():
            await self.shop.sell(name.replace("_", "-"), berlin=count)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """An empty shop without a server."""
    async with open_shop(tmp_path / "embedded" / "inventory.db") as opened:
        yield opened


@pytest.fixture
async def inventory(tmp_path: Path, shop: Shop) -> AsyncIterator[Inventory]:
    """The service over the database of `shop`."""
    async with open_inventory(tmp_path, shop) as opened:
        yield opened


@asynccontextmanager
async def open_inventory(home: Path, shop: Shop, **settings: Any) -> AsyncIterator[Inventory]:
    """A process of the service over the database of `shop`, with its own settings; several may be open."""

    @asynccontextmanager
    async def composed(context: ServiceContext) -> AsyncIterator[Service]:
        own = replace(context, settings=replace(context.settings, **settings))
        async with compose(own) as service, running(*(task() for task in service.tasks)):
            yield service

    async with serve("inventory", composed, home) as served:
        yield Inventory(
            served=served,
            shop=shop,
            catalog=catalog_service_pb2_grpc.CatalogServiceStub(served.channel),
            stock=inventory_service_pb2_grpc.InventoryServiceStub(served.channel),
            wms=wms_service_pb2_grpc.WmsServiceStub(served.channel),
        )
