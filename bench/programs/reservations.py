"""P7: reservations of one hot SKU, against spread ones; nothing may be sold twice."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import grpc
from sqlalchemy import func, select

from bench.closed_loop import Throughput, call_for, call_times
from bench.estimates import estimate, ratios
from bench.figures import Estimate, Figure, at_least, at_most
from bench.instance import Instance, serving
from bench.open_loop import Call
from bench.plan import Plan, in_turns
from bench.servers.inventory import BASELINE, SHIPPED
from bench.shop import skus
from bench.stocked import mariadb, stocked
from mesh.sql import read
from services.inventory.adapters.tables import stock
from services.inventory.config import Settings
from services.inventory.server import open_database
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

Reserve = Callable[[str], Awaitable[pb.ReserveStockResponse]]

_SERVER = "bench.servers.inventory"
_SKUS = 1000
_HOT, _SPREAD = skus(1), skus(_SKUS)
_CLIENTS = 32
_RARE_PIECES = 50
_TIMEOUT_SECONDS = 30.0


async def hot_and_spread(plan: Plan) -> AsyncIterator[Figure]:
    """P7: ReserveStock of one piece in MariaDB by 32 clients: hot, spread, and with rows locked first."""
    room = plan.room("p7")
    async with mariadb(room / "mariadb") as mysql:
        ours, theirs = [await stocked(room / name, _SKUS, mysql=mysql) for name in (SHIPPED, BASELINE)]
        async with _reserving(ours, SHIPPED) as shipped, _reserving(theirs, BASELINE) as locking:
            rounds = await in_turns(
                plan,
                _side(plan, shipped, _HOT),
                _side(plan, shipped, _SPREAD),
                _side(plan, locking, _HOT),
            )
        for figure in _compared([(hot, spread, locked) for hot, spread, locked in rounds]):
            yield figure
        yield await _oversold(await stocked(room / "rare", 1, mysql=mysql, pieces=_RARE_PIECES))


def _compared(rounds: list[tuple[Throughput, Throughput, Throughput]]) -> Iterator[Figure]:
    errors = sum(side.errors for each in rounds for side in each)
    hot, spread, locked = ([each[place].calls_per_second for each in rounds] for place in range(3))
    notes = {
        "hot: calls/s": estimate(hot).value,
        "spread: calls/s": estimate(spread).value,
        "FOR UPDATE, hot: calls/s": estimate(locked).value,
    }
    against_spread = ratios(list(zip(hot, spread, strict=True)))
    against_locked = ratios(list(zip(hot, locked, strict=True)))
    what = "ReserveStock of one hot SKU: calls/s against"
    yield Figure("P7", f"{what} spread SKUs", against_spread, "x", at_least(0.5, 0.9), errors, notes=notes)
    yield Figure(
        "P7", f"{what} SELECT … FOR UPDATE", against_locked, "x", at_least(5, 10), errors, notes=notes
    )


async def _oversold(home: Instance) -> Figure:
    """More orders than pieces: every piece is held once, nobody fails."""
    there, orders = 2 * _RARE_PIECES, 6 * _RARE_PIECES
    async with _reserving(home, SHIPPED) as reserve:
        answers: list[pb.ReserveStockResponse] = []
        throughput = await call_times(orders, _call(reserve, _HOT, answers.append), clients=_CLIENTS)
    promised = sum(line.quantity for answer in answers for line in answer.reservation.lines)
    claimed = await _claimed(home.database_url)
    return Figure(
        "P7",
        f"{orders} orders for {there} pieces: oversold",
        Estimate.exact(max(promised, claimed) - there),
        "pieces",
        at_most(0),
        errors=throughput.errors + abs(promised - claimed),
    )


@asynccontextmanager
async def _reserving(home: Instance, code: str) -> AsyncIterator[Reserve]:
    """Serve a shop; yields what reserves one piece of a SKU for a new order."""
    async with (
        serving(home, _SERVER, code, "0"),
        grpc.aio.insecure_channel(home.address("inventory")) as channel,
    ):
        stub = InventoryServiceStub(channel)
        metadata = (("authorization", f"Bearer {home.service_token('order', 'inventory')}"),)

        async def reserve(name: str) -> pb.ReserveStockResponse:
            line = pb.ReserveLine(sku=name, quantity=1)
            request = pb.ReserveStockRequest(order_id=str(uuid.uuid4()), lines=[line])
            return await stub.ReserveStock(request, metadata=metadata, timeout=_TIMEOUT_SECONDS)

        yield reserve


def _side(plan: Plan, reserve: Reserve, wanted: Sequence[str]) -> Callable[[], Awaitable[Throughput]]:
    async def side() -> Throughput:
        return await call_for(plan.seconds, _call(reserve, wanted, _forget), clients=_CLIENTS)

    return side


def _call(reserve: Reserve, wanted: Sequence[str], note: Callable[[pb.ReserveStockResponse], None]) -> Call:
    async def call(number: int) -> bool:
        try:
            note(await reserve(wanted[number % len(wanted)]))
        except grpc.aio.AioRpcError:
            return False
        return True

    return call


def _forget(_answer: pb.ReserveStockResponse) -> None:
    """Only the time counts."""


async def _claimed(url: str) -> int:
    claimed = select(func.sum(stock.c.held + stock.c.committed))
    async with open_database(Settings(database_url=url)) as engine, read(engine) as session:
        return int((await session.execute(claimed)).scalar_one())
