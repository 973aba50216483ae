"""Stock on a real MariaDB stays exact, however many want it and whatever dies meanwhile."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from tests.faults.injecting import Fault, Injector
from tests.faults.oversell import Clients, Sale, random_baskets, scarce, stocked, workers_of
from tests.faults.stores import Stores
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

if TYPE_CHECKING:
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

pytestmark = pytest.mark.timeout(600)
"""Seconds: the first of these tests starts the mesh, on a busy machine for minutes."""

_BASKETS = 1500
_CLIENTS = 64
_PATIENCE_SECONDS = 10
_REDIS = "SHOPMESH_REDIS_URL"
_DEATHS = (Fault("inventory", "kill"), Fault("mariadb", "kill"), Fault("inventory-1", "kill"))


def test_a_thousand_buyers_of_a_hundred_pieces_get_exactly_a_hundred(
    mesh: RunningMesh, stores: Stores
) -> None:
    (rare,) = stocked(mesh, "RARE", skus=1, pieces=50)
    sale = Sale()

    asyncio.run(Clients(mesh, sale).buy([{rare: 1}] * 1000, at_once=1000))

    assert (len(sale.kept), len(sale.short)) == (100, 900)
    assert not list(sale.wrong(stores))


@pytest.mark.long
def test_random_baskets_of_64_clients_are_kept_or_refused_and_no_client_sees_an_error(
    mesh: RunningMesh, stores: Stores
) -> None:
    baskets = random_baskets(stocked(mesh, "RANDOM", pieces=scarce(_BASKETS)), count=_BASKETS, seed=5)
    sale = Sale()

    asyncio.run(Clients(mesh, sale).buy(baskets, at_once=_CLIENTS))

    assert not sale.errors
    assert sale.kept
    assert sale.short
    assert not list(sale.wrong(stores))


@pytest.mark.long
def test_no_piece_is_lost_or_sold_twice_when_database_and_service_die_among_reservations(
    mesh: RunningMesh, stores: Stores
) -> None:
    baskets = random_baskets(stocked(mesh, "DEATHS", pieces=scarce(_BASKETS)), count=_BASKETS, seed=6)
    sale, injector = Sale(), Injector(mesh)
    clients = Clients(mesh, sale)

    def die() -> None:
        for number, fault in enumerate(_DEATHS, start=1):
            due = number * _BASKETS // (len(_DEATHS) + 1)
            until(lambda: sale.answered >= due, f"{due} baskets are sold or refused", seconds=120)  # noqa: B023
            injector.inject(fault)

    async def sell() -> None:
        await asyncio.gather(clients.buy(baskets, at_once=_CLIENTS), asyncio.to_thread(die))

    asyncio.run(sell())

    assert sale.errors
    assert sale.answered == _BASKETS
    assert not list(sale.wrong(stores))


def test_a_cache_that_is_flushed_and_dies_at_the_peak_costs_no_error_and_few_statements(
    mesh: RunningMesh, stores: Stores
) -> None:
    request = pb.BatchGetStockRequest(skus=stocked(mesh, "READ", pieces=5))

    def lose_the_cache() -> None:
        with Redis.from_url(stores.url(_REDIS) or "") as redis:
            redis.flushall()
        Injector(mesh).inject(Fault("redis", "kill"))
        with Redis.from_url(stores.url(_REDIS) or "") as redis:
            redis.flushall()

    async def peak() -> list[int]:
        statements, over = list[int](), asyncio.Event()

        async def reader(stub: "InventoryServiceAsyncStub") -> None:
            while not over.is_set():
                call = stub.BatchGetStock(request, timeout=_PATIENCE_SECONDS)
                await call
                statements.append(int(dict(await call.trailing_metadata() or ())["x-db-queries"]))

        async with workers_of(mesh) as stubs:
            reading = [asyncio.create_task(reader(stubs[number % 2])) for number in range(_CLIENTS)]
            await asyncio.to_thread(lose_the_cache)
            over.set()
            await asyncio.gather(*reading)
        return statements

    statements = asyncio.run(peak())

    assert len(statements) > _CLIENTS
    assert sum(statements) < len(statements) / 10
