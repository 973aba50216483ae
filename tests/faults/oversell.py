"""Random baskets at the inventory service, from many clients at once, and what must hold of the stock then.

`python -m tests.faults.oversell --baskets 20000 --clients 64` brings up a mesh of its own, on real backends.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from tests.faults.invariants_of_stock import oversold, wrong_sums
from tests.faults.products import make_product
from tests.faults.stores import Stores
from tests.support.running_mesh import RunningMesh, up

if TYPE_CHECKING:
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

Basket = Mapping[str, int]
"""Pieces by SKU."""

_WORKERS = 2
_SKUS = 12
_MOST_LINES = 4
_MOST_PIECES = 3
_AVERAGE_PIECES = (1 + _MOST_LINES) / 2 * (1 + _MOST_PIECES) / 2
_TIMEOUT_SECONDS = 30
_AGAIN_SECONDS = 0.1
# Away, outrun by others, or away for longer than a hold lasts.
_TRY_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.FAILED_PRECONDITION,
)
_MOVED = (
    "SELECT order_id, sku, SUM(held + committed) FROM movements WHERE order_id <> '' GROUP BY order_id, sku"
)


@dataclass(slots=True)
class Sale:
    """What the clients were answered.

    Attributes:
        kept: The baskets that were reserved and committed, by order.
        short: The orders that were refused for want of pieces.
        errors: How often a call failed, by status.
    """

    kept: dict[str, Basket] = field(default_factory=dict)
    short: set[str] = field(default_factory=set)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return len(self.kept) + len(self.short)

    def wrong(self, stores: Stores) -> Iterator[str]:
        """What the stock says otherwise, or cannot be true for any answers."""
        yield from oversold(stores)
        yield from wrong_sums(stores)
        known = self.kept.keys() | self.short
        moved = {
            (order_id, sku): int(pieces)
            for order_id, sku, pieces in stores.rows("inventory", _MOVED)
            if order_id in known and pieces
        }
        promised = {(each, sku): count for each, basket in self.kept.items() for sku, count in basket.items()}
        for order_id, sku in sorted(moved.keys() | promised.keys()):
            there, due = moved.get((order_id, sku), 0), promised.get((order_id, sku), 0)
            if there != due:
                yield f"order {order_id} was told of {due} {sku}, and has {there}"


def random_baskets(skus: Sequence[str], *, count: int, seed: int) -> list[Basket]:
    """The same baskets for a seed."""
    chance = random.Random(seed)
    return [
        {
            sku: chance.randint(1, _MOST_PIECES)
            for sku in chance.sample(skus, min(len(skus), chance.randint(1, _MOST_LINES)))
        }
        for _ in range(count)
    ]


def stocked(mesh: RunningMesh, mark: str, *, skus: int = _SKUS, pieces: int) -> list[str]:
    """New products, each with so many pieces in each of two warehouses."""
    names, staff = [f"BASKET-{mark}-{number}" for number in range(skus)], mesh.token("admin")
    for name in names:
        make_product(mesh, staff, name, pieces=pieces)
    return names


def scarce(baskets: int) -> int:
    """Pieces of each SKU in each warehouse, so that about a fourth of the baskets cannot be had."""
    return int(0.75 * baskets * _AVERAGE_PIECES / _SKUS / 2)


@asynccontextmanager
async def workers_of(mesh: RunningMesh) -> AsyncIterator[list["InventoryServiceAsyncStub"]]:
    """A stub for each of the two workers."""
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(mesh.grpc("inventory", worker)))
            for worker in range(_WORKERS)
        ]
        yield [InventoryServiceStub(channel) for channel in channels]


class Clients:
    """Callers with the order service's token; each tries again until it has an answer."""

    def __init__(self, mesh: RunningMesh, sale: Sale) -> None:
        self._mesh = mesh
        self._metadata = (("authorization", f"Bearer {mesh.client_token('order', 'inventory')}"),)
        self._sale = sale

    async def buy(self, baskets: Sequence[Basket], *, at_once: int) -> None:
        """Reserve and commit all baskets, so many at the same time."""
        waiting = iter(baskets)
        async with workers_of(self._mesh) as stubs:

            async def client(number: int) -> None:
                for basket in waiting:
                    await self._bought(stubs[number % len(stubs)], str(uuid.uuid4()), basket)

            await asyncio.gather(*map(client, range(at_once)))

    async def _bought(self, stub: "InventoryServiceAsyncStub", order_id: str, basket: Basket) -> None:
        lines = [pb.ReserveLine(sku=sku, quantity=count) for sku, count in basket.items()]
        reserve = pb.ReserveStockRequest(order_id=order_id, lines=lines)
        commit = pb.CommitReservationRequest(order_id=order_id)
        while True:
            try:
                answer = await stub.ReserveStock(reserve, metadata=self._metadata, timeout=_TIMEOUT_SECONDS)
                if answer.shortfalls:
                    self._sale.short.add(order_id)
                    return
                await stub.CommitReservation(commit, metadata=self._metadata, timeout=_TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                self._sale.errors[error.code().name] += 1
                if error.code() not in _TRY_AGAIN:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self._sale.kept[order_id] = basket
                return


def main() -> None:
    """Sell, print what is wrong, and say by the exit code whether everything held."""
    options = _options()
    home = Path(tempfile.mkdtemp(prefix="shopmesh-baskets-")) / "home"
    with up(home, "--profile", "real", "--workers", str(_WORKERS)) as mesh:
        sale = Sale()
        baskets = random_baskets(
            stocked(mesh, "LONG", pieces=scarce(options.baskets)), count=options.baskets, seed=options.seed
        )
        asyncio.run(Clients(mesh, sale).buy(baskets, at_once=options.clients))
        wrong = list(sale.wrong(Stores(mesh.home, mesh.variables)))
    sys.stdout.write(f"seed {options.seed}: {len(sale.kept)} kept, {len(sale.short)} short, ")
    sys.stdout.write(f"errors {dict(sale.errors)}, {len(wrong)} wrong\n")
    sys.stdout.writelines(f"  {each}\n" for each in wrong)
    sys.exit(bool(wrong or sale.errors))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.oversell", description=__doc__)
    parser.add_argument("--baskets", type=int, default=20_000, help="how many")
    parser.add_argument("--clients", type=int, default=64, help="how many buy at once")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the baskets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
