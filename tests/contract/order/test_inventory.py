"""What the inventory port of the order service promises: the fake keeps it as the real service does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from services.inventory.server import compose
from services.kernel.clock import system_clock
from services.kernel.money import Money
from services.order.adapters.inventory_grpc import GrpcInventory
from services.order.application.ports import (
    Inventory,
    InventoryUnreachable,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
)
from services.order.domain.events import PlacedLine
from tests.support.inventory.shop import HOLD, open_shop, order_id
from tests.support.memory_inventory import MemoryInventory
from tests.support.serving import serve

SECONDS = 5.0
ORDER = order_id(1)
MUG_PRICE = Money("EUR", 12, 500_000_000)
TWO_MUGS = [PlacedLine("MUG-RED", "", 2)]


@dataclass(frozen=True)
class Stocked:
    """An inventory with ten red mugs and three teapots, and ways to change it."""

    inventory: Inventory
    retire: Callable[[str], Awaitable[None]]
    expire: Callable[[str], Awaitable[None]]


Open = Callable[[Path], AbstractAsyncContextManager[Stocked]]


@asynccontextmanager
async def memory(_home: Path) -> AsyncIterator[Stocked]:
    inventory = MemoryInventory()
    inventory.sell("MUG-RED", MUG_PRICE, available=10, name="Mug Red")
    inventory.sell("TEAPOT", Money("EUR", 30), available=3, name="Teapot")

    async def retire(sku: str) -> None:
        inventory.retire(sku)

    async def expire(order: str) -> None:
        inventory.expire(order)

    yield Stocked(inventory, retire, expire)


@asynccontextmanager
async def service(home: Path) -> AsyncIterator[Stocked]:
    async with (
        open_shop(home / "embedded" / "inventory.db") as shop,
        serve("inventory", compose, home) as served,
    ):
        await shop.sell("MUG-RED", "12.50", berlin=10)
        await shop.sell("TEAPOT", "30.00", berlin=3)

        async def token() -> str:
            return served.mint.service("order", "inventory")

        async def retire(sku: str) -> None:
            await shop.products.retire(sku, actor="staff:admin")

        async def expire(order: str) -> None:
            # The service holds by the real time.
            shop.clock.now = system_clock() + 2 * HOLD
            await shop.expiry.sweep()

        interceptors = list(outgoing_interceptors(token))
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{served.port}", interceptors=interceptors
        ) as channel:
            yield Stocked(GrpcInventory(channel), retire, expire)


@pytest.fixture(params=[memory, service], ids=lambda each: each.__name__)
async def stocked(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stocked]:
    opened: Open = request.param
    async with opened(tmp_path) as each:
        yield each


async def available(stocked: Stocked, sku: str = "MUG-RED") -> int:
    return (await stocked.inventory.products([sku], timeout_seconds=SECONDS))[sku].available


async def test_products_are_what_is_sold(stocked: Stocked) -> None:
    await stocked.retire("TEAPOT")

    products = await stocked.inventory.products(["MUG-PINK", "TEAPOT", "MUG-RED"], timeout_seconds=SECONDS)

    assert set(products) == {"MUG-RED"}
    mug = products["MUG-RED"]
    assert (mug.name, mug.price, mug.available) == ("Mug Red", MUG_PRICE, 10)


async def test_a_reservation_holds_stock_once(stocked: Stocked) -> None:
    first = await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)
    second = await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)

    assert first == second == Reserved((MUG_PRICE,))
    assert await available(stocked) == 8


async def test_parallel_reservations_of_one_order_hold_stock_once(stocked: Stocked) -> None:
    await asyncio.gather(
        *(stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS) for _ in range(10))
    )

    assert await available(stocked) == 8


async def test_prices_come_in_the_order_of_the_lines(stocked: Stocked) -> None:
    lines = [PlacedLine("TEAPOT", "", 1), PlacedLine("MUG-RED", "", 1)]

    reserved = await stocked.inventory.reserve(ORDER, lines, timeout_seconds=SECONDS)

    assert reserved == Reserved((Money("EUR", 30), MUG_PRICE))


async def test_all_lines_are_held_or_none(stocked: Stocked) -> None:
    lines = [PlacedLine("MUG-RED", "", 2), PlacedLine("TEAPOT", "", 4), PlacedLine("MUG-PINK", "", 1)]

    answer = await stocked.inventory.reserve(ORDER, lines, timeout_seconds=SECONDS)

    assert answer == Shortfalls(
        (
            Shortfall("TEAPOT", requested=4, available=3, unknown=False),
            Shortfall("MUG-PINK", requested=1, available=0, unknown=True),
        )
    )
    assert await available(stocked) == 10


async def test_a_commit_is_repeatable_and_keeps_what_was_held(stocked: Stocked) -> None:
    await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)

    await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)
    await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)

    assert await available(stocked) == 8


async def test_what_was_never_held_cannot_be_committed(stocked: Stocked) -> None:
    with pytest.raises(ReservationGone):
        await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)


async def test_a_hold_that_ran_out_cannot_be_committed_but_held_again(stocked: Stocked) -> None:
    await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)
    await stocked.expire(ORDER)
    assert await available(stocked) == 10

    with pytest.raises(ReservationGone):
        await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)

    await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)
    await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)
    assert await available(stocked) == 8


@pytest.mark.parametrize("steps", [[], ["reserve"], ["reserve", "commit"]])
async def test_a_release_gives_back_and_refuses_what_comes_later(stocked: Stocked, steps: list[str]) -> None:
    if "reserve" in steps:
        await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)
    if "commit" in steps:
        await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)

    await stocked.inventory.release(ORDER, timeout_seconds=SECONDS)
    await stocked.inventory.release(ORDER, timeout_seconds=SECONDS)

    assert await available(stocked) == 10
    with pytest.raises(ReservationRefused):
        await stocked.inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS)
    with pytest.raises(ReservationRefused):
        await stocked.inventory.commit(ORDER, timeout_seconds=SECONDS)


async def test_a_service_that_is_away_is_silent() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        inventory = GrpcInventory(channel)
        for call in (
            inventory.products(["MUG-RED"], timeout_seconds=SECONDS),
            inventory.reserve(ORDER, TWO_MUGS, timeout_seconds=SECONDS),
            inventory.commit(ORDER, timeout_seconds=SECONDS),
            inventory.release(ORDER, timeout_seconds=SECONDS),
        ):
            with pytest.raises(InventoryUnreachable):
                await call


async def test_a_call_without_time_is_not_made() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        with pytest.raises(InventoryUnreachable, match="no time is left"):
            await GrpcInventory(channel).release(ORDER, timeout_seconds=0)
