"""W1: how soon those who watch a SKU hear of a commit."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from bench.cores import DRIVER
from bench.estimates import estimate, percentile
from bench.figures import Figure, at_most
from bench.instance import Instance, serving
from bench.plan import Plan
from bench.shop import PIECES, WAREHOUSES, sku
from bench.stocked import mariadb, stocked
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from tests.support.minting import bearer

if TYPE_CHECKING:
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

_SHIPPED = "services.inventory.server"
_WATCHERS = 200
_CHANNELS = 4
_CHANGES = 10
_TIMEOUT_SECONDS = 30.0
_LONGEST_SECONDS = 600.0
_LONGEST_MS = 100
_SKU = sku(0)


async def live_stock(plan: Plan) -> AsyncIterator[Figure]:
    """W1: 200 watchers of one SKU in MariaDB; counted from the moment at which the change is sent."""
    room = plan.room("w1")
    async with mariadb(room / "mariadb") as mysql:
        home = await stocked(room / "shop", 10, mysql=mysql)
        async with (
            serving(home, _SHIPPED, workers=2),
            serving(home, _SHIPPED, core=DRIVER, worker=1, workers=2),
            _watched(home) as watched,
        ):
            for worker, by in enumerate(("the process that is watched", "another worker")):
                rounds = [await _round(plan, home, worker, watched) for _ in range(plan.pairs)]
                yield Figure(
                    "W1",
                    f"a change by {by}, until one of {_WATCHERS} watchers is notified: p99",
                    estimate([percentile(each.notified_ms, 99) for each in rounds]),
                    "ms",
                    at_most(_LONGEST_MS),
                    notes={
                        "p50 ms": estimate([percentile(each.notified_ms, 50) for each in rounds]).value,
                        "the change itself: ms": estimate(
                            [ms for each in rounds for ms in each.took_ms]
                        ).value,
                    },
                )


@dataclass(slots=True)
class _Round:
    """How long changes took, and after how long each watcher was notified of each."""

    took_ms: list[float] = field(default_factory=list)
    notified_ms: list[float] = field(default_factory=list)


class _Watched:
    """What each watcher was sent last, and when."""

    def __init__(self) -> None:
        self._on_hand = [-1] * _WATCHERS
        self._times = [0.0] * _WATCHERS
        self._news = asyncio.Condition()

    @property
    def on_hand(self) -> int:
        """What the first of them was sent last."""
        return self._on_hand[0]

    async def follow(self, number: int, stub: "InventoryServiceAsyncStub") -> None:
        """Watch until cancelled."""
        async for message in stub.WatchStock(pb.WatchStockRequest(skus=[_SKU]), timeout=_LONGEST_SECONDS):
            if message.HasField("stock"):
                self._on_hand[number], self._times[number] = message.stock.on_hand, time.perf_counter()
                async with self._news:
                    self._news.notify_all()
        raise EOFError(f"the stream of watcher {number} has ended")

    async def all_notified(self, on_hand: int) -> Sequence[float]:
        """When each of them was notified of a number, once all are."""
        async with asyncio.timeout(_TIMEOUT_SECONDS), self._news:
            await self._news.wait_for(lambda: all(notified == on_hand for notified in self._on_hand))
        return tuple(self._times)


@asynccontextmanager
async def _watched(home: Instance) -> AsyncIterator[_Watched]:
    """Watchers at the first worker, who all know how much there is."""
    watched = _Watched()
    async with AsyncExitStack() as stack:
        # Channels with equal options would share one connection.
        stubs = [
            InventoryServiceStub(
                await stack.enter_async_context(
                    grpc.aio.insecure_channel(
                        home.address("inventory"), options=(("shopmesh.bench.channel", number),)
                    )
                )
            )
            for number in range(_CHANNELS)
        ]
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        following = [
            tasks.create_task(watched.follow(number, stubs[number % _CHANNELS]))
            for number in range(_WATCHERS)
        ]
        await watched.all_notified(PIECES * len(WAREHOUSES))
        yield watched
        for each in following:
            each.cancel()


async def _round(plan: Plan, home: Instance, worker: int, watched: _Watched) -> _Round:
    """Make some changes at a worker, one after the other."""
    made = _Round()
    async with grpc.aio.insecure_channel(home.address("inventory", worker)) as channel:
        stub, metadata = InventoryServiceStub(channel), bearer(home.staff_token("stock:write"))
        for _ in range(_CHANGES):
            # The database is looked at in regular intervals: a change has to come at any moment of one.
            await asyncio.sleep(plan.chance.uniform(0.1, 0.2))
            after = watched.on_hand + 1
            request = pb.AdjustStockRequest(
                request_id=str(after), sku=_SKU, warehouse=WAREHOUSES[0], delta=1, reason="delivery"
            )
            sent = time.perf_counter()
            await stub.AdjustStock(request, metadata=metadata, timeout=_TIMEOUT_SECONDS)
            made.took_ms.append(1000 * (time.perf_counter() - sent))
            made.notified_ms += [1000 * (notified - sent) for notified in await watched.all_notified(after)]
    return made
