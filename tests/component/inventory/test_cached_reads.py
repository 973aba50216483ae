"""What reads of stock and products cost, and that no write is hidden by a cache, over gRPC."""

import math
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from redis.asyncio import Redis

from services.inventory.domain.adjustment import AdjustStock
from shopmesh.inventory.v1 import catalog_service_pb2 as catalog_pb
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from tests.component.inventory.conftest import Inventory, open_inventory
from tests.support.inventory.shop import STAFF, Shop, order_id
from tests.support.statements import noted_statements
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

GOODS = {"MUG-RED": 3, "MUG-BLUE": 4}


@pytest.fixture(params=["in-process", "shared"], ids=["in-process", "valkey"])
async def cached(request: pytest.FixtureRequest, tmp_path: Path, shop: Shop) -> AsyncIterator[Inventory]:
    """The service with its own cache only, and with one on a Redis-protocol server.

    What it sells was there before it started: nothing that others have changed is still to be noticed.
    """
    for sku, pieces in GOODS.items():
        await shop.sell(sku, berlin=pieces)
    url = None
    if request.param == "shared":
        url = await emptied(request.getfixturevalue("valkey"))
    async with open_inventory(tmp_path, shop, redis_url=url) as inventory:
        yield inventory


async def emptied(valkey: Valkey) -> str:
    """The URL of a server without anything in it."""
    async with Redis.from_url(valkey.url) as redis:
        await redis.flushall()
    return valkey.url


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that databases were asked to run, by whichever engine."""
    with noted_statements() as noted:
        yield noted


def questions(statements: list[str]) -> list[str]:
    """Those that ask for products."""
    return [statement for statement in statements if "FROM products" in statement]


async def cost(call: Any) -> tuple[int, str]:
    """Statements, and where values came from."""
    await call
    trailers = dict(await call.trailing_metadata() or ())
    return int(trailers["x-db-queries"]), trailers["x-cache"]


def batch(inventory: Inventory, *skus: str, **options: Any) -> Any:
    return inventory.stock.BatchGetStock(pb.BatchGetStockRequest(skus=skus), **options)


def get(inventory: Inventory, sku: str = "MUG-RED") -> Any:
    return inventory.stock.GetStock(pb.GetStockRequest(sku=sku))


def adjust(inventory: Inventory, number: int, **options: Any) -> Any:
    request = pb.AdjustStockRequest(request_id=f"count-{number}", sku="MUG-RED", delta=1, reason="found")
    return inventory.stock.AdjustStock(request, **(options or inventory.as_admin))


@pytest.mark.parametrize("count", [1, 10, 100, 199, 200, 500])
async def test_a_cold_batch_costs_one_statement_per_199_skus_and_a_hot_one_none(
    cached: Inventory, count: int
) -> None:
    skus = [f"SKU-{number}" for number in range(count)]

    cold = await cost(batch(cached, *skus))
    hot = await cost(batch(cached, *skus))

    assert cold == (math.ceil(count / 199), f"l1=0,l2=0,miss={count}")
    assert hot == (0, f"l1={count},l2=0,miss=0")


async def test_a_batch_tells_what_was_known_and_what_was_not(cached: Inventory) -> None:
    await get(cached, "MUG-RED")

    assert await cost(batch(cached, "MUG-RED", "MUG-BLUE", "MUG-GONE")) == (1, "l1=1,l2=0,miss=2")


async def test_single_reads_that_arrive_together_share_statements(
    cached: Inventory, statements: list[str]
) -> None:
    calls = [batch(cached, f"SKU-{number}") for number in range(60)]
    costs = [await cost(call) for call in calls]

    assert [(await call).missing_skus for call in calls] == [[f"SKU-{number}"] for number in range(60)]
    assert {where for _, where in costs} == {"l1=0,l2=0,miss=1"}
    assert len(questions(statements)) < 60 / 2
    # A statement is counted for the call that began it: the sum is what was sent.
    assert sum(queries for queries, _ in costs) == len(questions(statements))


async def test_reads_of_one_cold_sku_that_arrive_together_are_one_statement(
    cached: Inventory, statements: list[str]
) -> None:
    calls = [get(cached) for _ in range(60)]
    costs = [await cost(call) for call in calls]

    assert len(questions(statements)) == 1
    assert sum(queries for queries, _ in costs) == 1


async def test_every_acknowledged_change_is_seen_at_once(cached: Inventory) -> None:
    seen = [(await get(cached)).stock.available]

    for number in range(20):
        await adjust(cached, number)
        seen.append((await get(cached)).stock.available)

    assert seen == list(range(3, 24))


async def test_a_reservation_is_seen_in_stock_and_catalogue_at_once(cached: Inventory) -> None:
    await get(cached)
    await cached.catalog.GetProduct(catalog_pb.GetProductRequest(sku="MUG-RED"))

    await cached.stock.ReserveStock(
        pb.ReserveStockRequest(order_id=order_id(1), lines=[pb.ReserveLine(sku="MUG-RED", quantity=2)]),
        **cached.as_order,
    )

    product = (await cached.catalog.GetProduct(catalog_pb.GetProductRequest(sku="MUG-RED"))).product
    assert ((await get(cached)).stock.available, product.available) == (1, 1)


async def test_products_are_cached_and_a_new_price_is_seen_at_once(cached: Inventory) -> None:
    request = catalog_pb.BatchGetProductsRequest(skus=["MUG-RED"])
    await cached.catalog.BatchGetProducts(request)
    hot = await cost(cached.catalog.BatchGetProducts(request))

    change = catalog_pb.UpdateProductRequest(sku="MUG-RED")
    change.product.price.currency_code, change.product.price.units = "EUR", 99
    change.update_mask.paths.append("price")
    await cached.catalog.UpdateProduct(change, **cached.as_admin)

    assert hot == (0, "l1=1,l2=0,miss=0")
    assert (await cached.catalog.BatchGetProducts(request)).products[0].price.units == 99


async def test_what_an_import_changes_is_seen_at_once_and_the_rest_stays_cached(cached: Inventory) -> None:
    products = catalog_pb.BatchGetProductsRequest(skus=["MUG-RED", "MUG-BLUE", "MUG-NEW"])
    request = catalog_pb.ImportProductsRequest(validate_only=False)
    for each in (await cached.catalog.BatchGetProducts(products)).products:
        request.products.append(each)
    red = next(each for each in request.products if each.sku == "MUG-RED")
    red.price.units = 99
    request.products.add().MergeFrom(red)
    request.products[-1].sku = "MUG-NEW"
    with pytest.raises(grpc.aio.AioRpcError, match="MUG-NEW"):
        await get(cached, "MUG-NEW")

    await cached.catalog.ImportProducts(request, **cached.as_admin)

    call = cached.catalog.BatchGetProducts(products)
    found = {each.sku: each.price.units for each in (await call).products}
    assert (found["MUG-RED"], found["MUG-NEW"]) == (99, 99)
    assert "miss=2" in dict(await call.trailing_metadata() or ())["x-cache"]
    assert (await get(cached, "MUG-NEW")).stock.available == 0


async def test_that_a_product_is_unknown_is_never_taken_from_a_cache(cached: Inventory) -> None:
    request = catalog_pb.BatchGetProductsRequest(skus=["MUG-NEW"])
    costs = [await cost(cached.catalog.BatchGetProducts(request)) for _ in range(2)]

    # By another process: nobody tells this one.
    await cached.shop.sell("MUG-NEW", berlin=1)

    assert costs == [(1, "l1=0,l2=0,miss=1")] * 2
    assert not (await cached.catalog.BatchGetProducts(request)).missing_skus


async def test_a_read_that_has_to_see_a_write_passes_the_cache_by(cached: Inventory) -> None:
    await get(cached)
    write = adjust(cached, 1)
    await write
    written = dict(await write.initial_metadata())
    await get(cached)
    token = (("x-consistency-token", str(written["x-consistency-token"])),)

    call = batch(cached, "MUG-RED", metadata=token)

    assert await cost(call) == (1, "l1=0,l2=0,miss=1")
    assert (await call).stock[0].available == 4


async def test_a_change_by_another_process_is_seen_soon(cached: Inventory, shop: Shop) -> None:
    await get(cached)

    await shop.stocks.adjust(
        AdjustStock(STAFF, "delivery-1", "MUG-RED", "berlin", 5, "delivery"), actor=STAFF
    )

    async def is_seen() -> bool:
        return bool((await get(cached)).stock.available == 8)

    await eventually(is_seen, "the delivery is seen")


async def test_a_second_process_finds_what_the_first_has_loaded_and_sees_its_changes(
    tmp_path: Path, shop: Shop, valkey: Valkey
) -> None:
    url = await emptied(valkey)
    await shop.sell("MUG-RED", berlin=3)
    async with (
        open_inventory(tmp_path, shop, redis_url=url, workers=2) as first,
        open_inventory(tmp_path, shop, redis_url=url, workers=2, worker=1) as second,
    ):
        await get(first)

        async def is_shared() -> bool:
            return await cost(batch(second, "MUG-RED")) in {
                (0, "l1=0,l2=1,miss=0"),
                (0, "l1=1,l2=0,miss=0"),
            }

        await eventually(is_shared, "the second process finds it")
        await adjust(first, 1, **second.as_admin)

        async def is_seen() -> bool:
            return bool((await get(second)).stock.available == 4)

        await eventually(is_seen, "the second process sees the change")


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_no_read_and_no_write_fails_for_a_silent_shared_cache(
    tmp_path: Path, shop: Shop, start_valkey: Callable[[], Valkey], fault: signal.Signals
) -> None:
    server = start_valkey()
    await shop.sell("MUG-RED", berlin=3)
    async with open_inventory(tmp_path, shop, redis_url=server.url, workers=2) as inventory:
        await get(inventory)

        os.kill(server.pid, fault)
        seen = []
        for number in range(5):
            await adjust(inventory, number)
            seen.append((await get(inventory)).stock.available)

    assert seen == [4, 5, 6, 7, 8]


async def test_several_processes_that_cannot_tell_each_other_keep_nothing(tmp_path: Path, shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    async with open_inventory(tmp_path, shop, workers=2) as inventory:
        costs = [await cost(get(inventory)) for _ in range(2)]

    assert costs == [(1, "l1=0,l2=0,miss=1")] * 2
