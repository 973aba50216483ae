"""WatchStock over gRPC, and the feed behind it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
import pytest
from sqlalchemy import insert, update

from mesh import sql
from services.inventory.adapters.tables import movements, stock
from services.inventory.application.stock_feed import StockFeed
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.stock import Stock
from services.inventory.server import stock_changes
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.stream.v1 import stream_pb2
from tests.component.inventory.conftest import Inventory
from tests.support.events import MORNING, running
from tests.support.inventory.shop import STAFF, Shop
from tests.support.serving import reason_of
from tests.support.statements import noted_statements

DEADLINE_SECONDS = 20
Stream: TypeAlias = "grpc.aio.UnaryStreamCall[pb.WatchStockRequest, pb.WatchStockResponse]"


async def deliver(shop: Shop, sku: str, *numbers: int) -> None:
    for number in numbers:
        await shop.stocks.adjust(
            AdjustStock(STAFF, f"more-{sku}-{number}", sku, "berlin", 1, "found"), actor=STAFF
        )


def feed_of(shop: Shop) -> StockFeed:
    changes = stock_changes(shop.engine, shop.changes)
    return StockFeed(levels=shop.levels, changes=changes, invalidate_unannounced=lambda _skus: None)


async def read(stream: Stream) -> pb.WatchStockResponse:
    message = await stream.read()
    assert isinstance(message, pb.WatchStockResponse), "the stream has ended"
    return message


def watch(inventory: Inventory, *skus: str) -> Stream:
    return inventory.stock.WatchStock(pb.WatchStockRequest(skus=skus), timeout=DEADLINE_SECONDS)


async def test_a_watcher_sees_the_state_at_once_and_then_each_change(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=3, MUG_BLUE=4)
    stream = watch(inventory, "MUG-RED", "MUG-BLUE", "MUG-RED")

    first = [(await read(stream)).stock for _ in range(2)]
    await deliver(inventory.shop, "MUG-BLUE", 1)
    change = (await read(stream)).stock

    assert [(stock.sku, stock.available) for stock in first] == [("MUG-RED", 3), ("MUG-BLUE", 4)]
    assert (change.sku, change.available) == ("MUG-BLUE", 5)


async def test_an_unknown_sku_is_refused_before_the_first_message(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=3)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await watch(inventory, "MUG-RED", "MUG-GONE").read()

    assert (refused.value.code(), reason_of(refused.value)) == (grpc.StatusCode.NOT_FOUND, "STOCK_NOT_FOUND")


async def test_a_service_that_stops_says_so(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=3)
    stream = watch(inventory, "MUG-RED")
    await stream.read()

    inventory.served.context.draining.set()

    assert (await read(stream)).closed.reason == stream_pb2.CLOSE_REASON_DRAINING
    assert await stream.read() is grpc.aio.EOF


async def test_a_thousand_watchers_cost_one_look_per_change(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    feed = feed_of(shop)
    watchers = [feed.watch(["MUG-RED"]) for _ in range(1000)]
    async with running(feed.run()), asyncio.timeout(DEADLINE_SECONDS * 2):
        for watcher in watchers:
            await anext(watcher)
        with noted_statements() as statements:
            async with asyncio.TaskGroup() as tasks:
                seen = [tasks.create_task(_next(watcher)) for watcher in watchers]
                tasks.create_task(deliver(shop, "MUG-RED", 1))

    assert {task.result().available for task in seen} == {4}
    # The adjustment itself looks twice: before and after.
    assert len(_looks(statements)) <= 2 + 2


async def test_what_different_watchers_watch_is_read_together(shop: Shop) -> None:
    skus = [f"MUG-{number}" for number in range(20)]
    for sku in skus:
        await shop.sell(sku, berlin=1)
    feed = feed_of(shop)
    watchers = [feed.watch([sku]) for sku in skus for _ in range(10)]
    async with running(feed.run()), asyncio.timeout(DEADLINE_SECONDS * 2):
        for watcher in watchers:
            await anext(watcher)
        await _elsewhere(shop, skus, 1)
        with noted_statements() as statements:
            shop.changes.notify()
            seen = [await anext(watcher) for watcher in watchers]

    assert {stock.available for stock in seen} == {2}
    assert len(_looks(statements)) == 1


async def test_a_slow_watcher_is_told_the_newest_state_only(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    await shop.sell("MUG-BLUE", berlin=3)
    feed = feed_of(shop)
    slow, quick = feed.watch(["MUG-RED", "MUG-BLUE"]), feed.watch(["MUG-RED", "MUG-BLUE"])

    async with running(feed.run()), asyncio.timeout(DEADLINE_SECONDS):
        for watcher in (slow, slow, quick, quick):
            await anext(watcher)
        for number in range(5):
            await deliver(shop, "MUG-RED", number)
            assert (await anext(quick)).available == 4 + number
        await deliver(shop, "MUG-BLUE", 1)
        await anext(quick)
        sent = [await anext(slow), await anext(slow)]

    assert [(stock.sku, stock.available) for stock in sent] == [("MUG-RED", 8), ("MUG-BLUE", 4)]


async def test_a_watcher_is_told_of_changes_by_another_process(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    feed = feed_of(shop)
    watcher = feed.watch(["MUG-RED"])

    async with running(feed.run(), shop.changes.run()), asyncio.timeout(DEADLINE_SECONDS):
        await anext(watcher)
        await _elsewhere(shop, ["MUG-RED"], 5)
        assert (await anext(watcher)).available == 8


async def test_a_change_right_after_the_first_look_is_told(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    feed = feed_of(shop)
    watcher = feed.watch(["MUG-RED"])

    await anext(watcher)
    await deliver(shop, "MUG-RED", 1)
    # Only now the reader finds its place: behind the change.
    async with running(feed.run()), asyncio.timeout(DEADLINE_SECONDS):
        assert (await anext(watcher)).available == 4


async def test_a_watcher_that_comes_back_misses_nothing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)
    feed = feed_of(shop)

    async with running(feed.run()), asyncio.timeout(DEADLINE_SECONDS):
        seen: list[int] = []
        for number in range(3):
            watcher = feed.watch(["MUG-RED"])
            seen.append((await anext(watcher)).available)
            await deliver(shop, "MUG-RED", number)
            seen.append((await anext(watcher)).available)
            await watcher.aclose()

    assert seen == [3, 4, 4, 5, 5, 6]


async def _next(watcher: AsyncIterator[Stock]) -> Stock:
    return await anext(watcher)


def _looks(statements: list[str]) -> list[str]:
    return [statement for statement in statements if "FROM products" in statement]


async def _elsewhere(shop: Shop, skus: list[str], count: int) -> None:
    """Change stock as another process does: over another connection, telling nobody."""
    another = sql.open_engine(shop.engine.url.render_as_string(hide_password=False))
    async with sql.write(another) as session:
        more = {"book_quantity": stock.c.book_quantity + count, "version": stock.c.version + 1}
        await session.execute(update(stock).values(more))
        await session.execute(insert(movements), [_movement(sku, count) for sku in skus])
    await another.dispose()


def _movement(sku: str, count: int) -> dict[str, Any]:
    return {
        "sku": sku,
        "warehouse": "berlin",
        "cause": "ADJUST",
        "book_quantity": count,
        "unreported": 0,
        "held": 0,
        "committed": 0,
        "order_id": "",
        "actor": "another process",
        "note": "",
        "causation": "",
        "time": MORNING,
    }
