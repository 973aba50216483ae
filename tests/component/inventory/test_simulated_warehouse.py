"""The simulated warehouse against the real service."""

import random
import time
from collections import Counter
from functools import partial

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from mesh.simulator.faults import FaultProfile
from mesh.simulator.first_counts import shelves_of, some_skus
from mesh.simulator.picking import PickedLine, PickFaults
from mesh.simulator.simulation import Plan, Simulation, Tally
from mesh.simulator.transports import StreamTransport
from mesh.simulator.warehouse import Warehouse
from services.inventory.adapters.tables import departures
from services.inventory.application.ports import Ledger
from services.inventory.domain.reservation import RequestedLine, Reservation
from shopmesh.inventory.v1.wms_service_pb2 import ReconcileStockRequest, ReconcileStockResponse
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub
from tests.component.inventory.conftest import Inventory
from tests.support.inventory.shop import ORDER, order_id


@pytest.mark.parametrize(
    "faults",
    [
        FaultProfile(),
        FaultProfile(duplicates=0.3, disorder=0.5),
        FaultProfile(duplicates=0.2, disorder=0.3, restores=0.2, jumps=0.2, old_epochs=0.3),
    ],
    ids=["right", "in disorder", "restored again and again"],
)
async def test_the_shop_has_the_warehouses_numbers_in_the_end(
    inventory: Inventory, faults: FaultProfile
) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=9)

    tally, found = await played(inventory, Plan(rate=500, count=60, faults=faults))

    assert (found.compared, list(found.drift)) == (2, [])
    assert tally.happened == 60
    # What came too early and was covered by a count in the meantime is not said again.
    assert tally.results.total() == tally.sent >= 60
    assert bool(tally.results["GAP"]) == bool(tally.resent) == bool(faults.disorder)
    assert faults.jumps or not tally.results["QUARANTINED"]
    assert all(reason.startswith("SEQUENCE_JUMP") for reason in tally.reasons)
    assert not tally.results["COUNT_NEEDED"]
    assert not await inventory.shop.discrepancies()


@pytest.mark.parametrize("restores", [0.0, 0.3], ids=["", "restored"])
@pytest.mark.parametrize(
    "pick_faults",
    [PickFaults(), PickFaults(short=0.5), PickFaults(over=0.5), PickFaults(short=0.3, over=0.3, splits=0.7)],
    ids=["right", "short", "too much", "everything"],
)
async def test_what_is_picked_leaves_the_orders_that_it_is_for(
    inventory: Inventory, pick_faults: PickFaults, restores: float
) -> None:
    await inventory.sell(MUG_RED=40, MUG_BLUE=40)
    picked = []
    for number in range(1, 9):
        wanted = [RequestedLine("MUG-RED", number), RequestedLine("MUG-BLUE", 2)]
        await inventory.shop.reservations.reserve(order_id(number), wanted, actor=ORDER)
        await inventory.shop.reservations.commit(order_id(number), actor=ORDER)
        picked += [PickedLine(order_id(number), line.sku, line.quantity) for line in wanted]
    faults = FaultProfile(duplicates=0.3, disorder=0.3, restores=restores)

    _, found = await played(
        inventory, Plan(rate=500, count=60, faults=faults, picked=picked, pick_faults=pick_faults)
    )

    assert list(found.drift) == []
    assert not await inventory.shop.discrepancies()
    left: Counter[tuple[str, str]] = Counter()
    for row in await inventory.shop.rows(departures):
        left[row.order_id, row.sku] += max(row.named, row.deltas_before) + row.deltas_since
    for line in picked:
        stored = await inventory.shop.ledgers.write(partial(_reservation, line.order_id))
        kept = stored.line(line.sku)
        assert kept is not None
        gone = sum(part.gone for part in kept.allocations)
        assert gone == min(line.quantity, left[line.order_id, line.sku])
        assert pick_faults.short or gone == line.quantity


async def _reservation(order: str, ledger: Ledger) -> Reservation:
    stored = await ledger.reservation(order)
    assert stored is not None
    return stored


async def played(inventory: Inventory, plan: Plan) -> tuple[Tally, ReconcileStockResponse]:
    """Play a plan; what happened, and where the numbers differ in the end."""
    chance = random.Random(11)

    async def token() -> str:
        return inventory.served.mint.token(sub="wms", client_id="wms", scope="wms")

    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{inventory.served.port}", interceptors=list(outgoing_interceptors(token))
    ) as channel:
        transport = StreamTransport(channel)
        skus = await some_skus(inventory.catalog, 10)
        warehouse = Warehouse(await shelves_of(inventory.stock, transport, skus), chance)
        simulation = Simulation(
            warehouse=warehouse, transport=transport, plan=plan, chance=chance, monotonic=time.monotonic
        )
        tally = await simulation.run()
        await transport.close()
        snapshot = ReconcileStockRequest(lines=warehouse.snapshot(), repair=False)
        return tally, await WmsServiceStub(channel).ReconcileStock(snapshot)
