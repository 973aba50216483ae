"""Inventory with a replica: what is read where, and what a call is sure to see."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesh.backends.mariadb import MariadbBackend
from mesh.backends.running import Server
from mesh.server.context import ServiceContext
from mesh.server.process import Service
from mesh.sql.databases import mysql_url
from services.inventory.server import compose
from shopmesh.inventory.v1 import catalog_service_pb2 as pb
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub
from tests.support.events import running
from tests.support.inventory.shop import Shop, open_shop_at
from tests.support.minting import bearer
from tests.support.real_servers import OwnPlace
from tests.support.real_sql import execute, fresh_prefix
from tests.support.serving import serve
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub

TOKEN = "x-consistency-token"
PRIMARY = "primary"


@dataclass(frozen=True)
class Replicated:
    """The service over a primary and what is said to be its replica."""

    shop: Shop
    catalog: "CatalogServiceAsyncStub"
    staff: tuple[tuple[str, str], ...]

    async def products(self, token: str = "") -> tuple[list[str], str]:
        """The SKUs of the catalogue, and who was asked."""
        metadata = ((TOKEN, token),) if token else ()
        call = self.catalog.ListProducts(pb.ListProductsRequest(), metadata=metadata, timeout=20)
        skus = [product.sku for product in (await call).products]
        return skus, str(dict(await call.trailing_metadata())["x-replica"])

    async def rename(self, sku: str, name: str) -> str:
        """Change a product, and answer the write's token."""
        request = pb.UpdateProductRequest(sku=sku, product=pb.ProductChange(name=name))
        request.update_mask.paths.append("name")
        call = self.catalog.UpdateProduct(request, metadata=self.staff, timeout=20)
        await call
        return str(dict(await call.initial_metadata())[TOKEN])

    async def reads_from(self, name: str) -> None:
        """Wait until reads come from there."""

        async def is_read() -> bool:
            return (await self.products())[1] == name

        await eventually(is_read, f"reads come from {name}")


@pytest.fixture
def name(mariadb_replica: Server) -> str:
    """The replica's name, as the server itself says."""
    return f"replica-{execute(mariadb_replica, 'SELECT @@server_id')[0][0]}"


@pytest.fixture
async def inventory(mariadb: Server, mariadb_replica: Server, tmp_path: Path) -> AsyncIterator[Replicated]:
    async with replicated(mariadb, mariadb_replica.url, tmp_path) as started:
        yield started


@asynccontextmanager
async def replicated(primary: Server, replica_url: str, home: Path) -> AsyncIterator[Replicated]:
    prefix = fresh_prefix()
    own, copy = f"{primary.url}/{prefix}", f"{replica_url}/{prefix}"
    async with (
        open_shop_at(mysql_url(own, "inventory")) as shop,
        serve("inventory", composed, home, mysql_url=own, mysql_replica_urls=(copy,)) as served,
    ):
        await shop.sell("MUG-RED", berlin=3)
        staff = bearer(served.mint.user("admin-id", "catalog:write"))
        yield Replicated(shop, CatalogServiceStub(served.channel), staff)
    execute(primary, f"DROP DATABASE {prefix}_inventory")


@asynccontextmanager
async def composed(context: ServiceContext) -> AsyncIterator[Service]:
    async with compose(context) as service, running(*(task() for task in service.tasks)):
        yield service


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """The server stands still, with its connections open."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextmanager
def stopped(server: Server, what: str) -> Iterator[None]:
    """The replica does not follow."""
    execute(server, f"STOP SLAVE {what}")
    try:
        yield
    finally:
        execute(server, f"START SLAVE {what}")


async def test_a_list_comes_from_the_replica_and_says_from_which(inventory: Replicated, name: str) -> None:
    await inventory.reads_from(name)

    token = await inventory.rename("MUG-RED", "Scarlet mug")

    assert await inventory.products(token) == (["MUG-RED"], name)


async def test_a_write_is_seen_though_the_replica_lags(
    inventory: Replicated, name: str, mariadb_replica: Server
) -> None:
    await inventory.reads_from(name)

    with stopped(mariadb_replica, "SQL_THREAD"):
        await inventory.shop.sell("MUG-BLUE", berlin=1)
        token = await inventory.rename("MUG-BLUE", "Navy mug")
        skus, reader = await inventory.products(token)

    assert "MUG-BLUE" in skus
    assert reader == PRIMARY
    await inventory.reads_from(name)


@pytest.mark.parametrize("what", ["IO_THREAD", "SQL_THREAD"])
async def test_a_replica_that_does_not_follow_is_left_out_until_it_does(
    inventory: Replicated, name: str, mariadb_replica: Server, what: str
) -> None:
    await inventory.reads_from(name)

    with stopped(mariadb_replica, what):
        await inventory.reads_from(PRIMARY)

    await inventory.reads_from(name)


async def test_reads_go_on_while_the_replica_stands_still(
    inventory: Replicated, name: str, mariadb_replica: Server
) -> None:
    await inventory.reads_from(name)

    with paused(mariadb_replica):
        readers = await asyncio.gather(*(inventory.products() for _ in range(20)))

    assert {reader for _, reader in readers} == {PRIMARY}
    await inventory.reads_from(name)


async def test_a_replica_that_is_not_there_keeps_nothing_from_starting(
    mariadb: Server, tmp_path: Path, own_place: OwnPlace
) -> None:
    nowhere = f"mysql://shopmesh:wrong@127.0.0.1:{own_place(MariadbBackend()).ports[0]}"

    async with replicated(mariadb, nowhere, tmp_path) as inventory:
        assert await inventory.products() == (["MUG-RED"], PRIMARY)


async def test_a_token_that_is_no_position_of_the_server_is_answered_by_the_primary(
    inventory: Replicated, name: str
) -> None:
    await inventory.reads_from(name)

    # {"inventory":"stock:7"}, as a mesh on SQLite answers it.
    assert await inventory.products("eyJpbnZlbnRvcnkiOiJzdG9jazo3In0") == (["MUG-RED"], PRIMARY)
