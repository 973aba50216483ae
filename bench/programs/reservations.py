"""P7: reservations of one hot SKU, against spread ones; nothing may be sold twice."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import grpc
from sqlalchemy import func, select

from bench.closed_loop import Throughput, call_for, call_times
from bench.estimates import estimate, ratios
from bench.figures import Estimate, Figure, at_least, at_most
from bench.home import Home, serving
from bench.open_loop import Call
from bench.plan import Plan, in_turns
from bench.shop import make_shop, sku
from mesh.sql import read
from services.inventory.adapters.tables import stock
from services.inventory.config import Settings
from services.inventory.server import open_database
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

_SHIPPED = "services.inventory.server"
_SKUS = 1000
_CLIENTS = 32
_RARE_PIECES = 50
_TIMEOUT_SECONDS = 30.0


async def hot_and_spread(plan: Plan) -> AsyncIterator[Figure]:
    """P7: ReserveStock of one piece, by 32 clients."""
    home = Home.made(plan.room("p7") / "home")
    await make_shop(home.database_url, _SKUS)
    async with serving(home, _SHIPPED), grpc.aio.insecure_channel(home.address("inventory")) as channel:
        token = home.service_token("order", "inventory")
        rounds = await in_turns(
            plan,
            _side(plan, _reserving(channel, token, [sku(0)])),
            _side(plan, _reserving(channel, token, [sku(number) for number in range(_SKUS)])),
        )
    yield Figure(
        "P7",
        "ReserveStock: calls/s of one hot SKU against spread SKUs",
        ratios([(hot.calls_per_second, spread.calls_per_second) for hot, spread in rounds]),
        "x",
        at_least(0.5, 0.9),
        errors=sum(each.errors for both in rounds for each in both),
        notes={
            "hot: calls/s": estimate([hot.calls_per_second for hot, _ in rounds]).value,
            "spread: calls/s": estimate([spread.calls_per_second for _, spread in rounds]).value,
        },
    )
    yield await _oversold(plan)


async def _oversold(plan: Plan) -> Figure:
    """More clients than pieces: every piece is held once, nobody fails."""
    home = Home.made(plan.room("p7") / "rare")
    await make_shop(home.database_url, 1, pieces=_RARE_PIECES)
    async with serving(home, _SHIPPED), grpc.aio.insecure_channel(home.address("inventory")) as channel:
        held = _Held()
        call = _reserving(channel, home.service_token("order", "inventory"), [sku(0)], held.note)
        throughput = await call_times(6 * _RARE_PIECES, call, clients=_CLIENTS)
    there = 2 * _RARE_PIECES
    on_shelves = await _claimed(home.database_url)
    return Figure(
        "P7",
        f"{6 * _RARE_PIECES} orders for {there} pieces: oversold",
        Estimate.exact(max(held.pieces, on_shelves) - there),
        "pieces",
        at_most(0),
        errors=throughput.errors + abs(held.pieces - on_shelves),
    )


class _Held:
    """Counts what callers were promised."""

    def __init__(self) -> None:
        self.pieces = 0

    def note(self, answer: pb.ReserveStockResponse) -> None:
        self.pieces += sum(line.quantity for line in answer.reservation.lines)


def _side(plan: Plan, call: Call) -> Callable[[], Awaitable[Throughput]]:
    async def side() -> Throughput:
        return await call_for(plan.seconds, call, clients=_CLIENTS)

    return side


def _reserving(
    channel: grpc.aio.Channel,
    token: str,
    wanted: Sequence[str],
    note: Callable[[pb.ReserveStockResponse], None] | None = None,
) -> Call:
    stub = InventoryServiceStub(channel)
    metadata = (("authorization", f"Bearer {token}"),)

    async def call(number: int) -> bool:
        line = pb.ReserveLine(sku=wanted[number % len(wanted)], quantity=1)
        request = pb.ReserveStockRequest(order_id=str(uuid.uuid4()), lines=[line])
        try:
            answer = await stub.ReserveStock(request, metadata=metadata, timeout=_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        if note is None:
            return answer.HasField("reservation")
        note(answer)
        return True

    return call


async def _claimed(url: str) -> int:
    claimed = select(func.sum(stock.c.held + stock.c.committed))
    async with open_database(Settings(database_url=url)) as engine, read(engine) as session:
        return int((await session.execute(claimed)).scalar_one())
