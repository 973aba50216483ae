"""The simulated warehouse against the real service."""

import random
import time

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from mesh.simulator.faults import FaultProfile
from mesh.simulator.first_counts import shelves_of, some_skus
from mesh.simulator.simulation import Plan, Simulation
from mesh.simulator.transports import StreamTransport
from mesh.simulator.warehouse import Warehouse
from shopmesh.inventory.v1.wms_service_pb2 import ReconcileStockRequest
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub
from tests.component.inventory.conftest import Inventory


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
    chance = random.Random(11)

    async def token() -> str:
        return inventory.served.mint.token(sub="wms", client_id="wms", scope="wms")

    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{inventory.served.port}", interceptors=list(outgoing_interceptors(token))
    ) as channel:
        transport = StreamTransport(channel)
        skus = await some_skus(inventory.catalog, 10)
        warehouse = Warehouse(await shelves_of(inventory.stock, transport, skus), chance)
        plan = Plan(rate=500, count=60, faults=faults)
        played = Simulation(
            warehouse=warehouse, transport=transport, plan=plan, chance=chance, monotonic=time.monotonic
        )
        tally = await played.run()
        await transport.close()
        snapshot = ReconcileStockRequest(lines=warehouse.snapshot(), repair=False)
        found = await WmsServiceStub(channel).ReconcileStock(snapshot)

    assert (found.compared, list(found.drift)) == (2, [])
    assert tally.happened == 60
    # What came too early and was covered by a count in the meantime is not said again.
    assert tally.results.total() == tally.sent >= 60
    assert bool(tally.results["GAP"]) == bool(tally.resent) == bool(faults.disorder)
    assert faults.jumps or not tally.results["QUARANTINED"]
    assert all(reason.startswith("SEQUENCE_JUMP") for reason in tally.reasons)
    assert not tally.results["COUNT_NEEDED"]
    assert not await inventory.shop.discrepancies()
