"""Movements over gRPC: who, why, and in which trace."""

import asyncio

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.inventory.domain.wms_update import Count, Delta, StockUpdate
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from tests.component.inventory.conftest import Inventory
from tests.support.inventory.shop import order_id
from tests.support.serving import reason_of, violations_of

pytestmark = pytest.mark.fast

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01")


async def listed(inventory: Inventory, **wanted: object) -> pb.ListStockMovementsResponse:
    request = pb.ListStockMovementsRequest(**({"sku": "MUG-RED"} | wanted))  # type: ignore[arg-type]
    return await inventory.stock.ListStockMovements(request, **inventory.as_admin)


async def test_a_movement_says_who_moved_what_why_and_in_which_trace(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    request = pb.AdjustStockRequest(sku="MUG-RED", request_id="count-1", delta=-2, reason="broken")
    call = inventory.as_admin
    await inventory.stock.AdjustStock(request, **(call | {"metadata": (*call["metadata"], TRACEPARENT)}))

    moved = (await listed(inventory, page_size=1)).movements[0]

    assert (moved.cause, moved.book_quantity) == (pb.STOCK_MOVEMENT_CAUSE_ADJUST, -2)
    assert (moved.actor, moved.note, moved.causation) == ("staff:admin-id", "broken", "count-1")
    assert (moved.warehouse, moved.trace_id) == ("berlin", TRACE_ID)
    assert moved.HasField("move_time")


async def test_holds_of_many_calls_at_once_keep_their_own_traces(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    call = inventory.as_order
    holds = [
        inventory.stock.ReserveStock(
            pb.ReserveStockRequest(
                order_id=order_id(number), lines=[pb.ReserveLine(sku="MUG-RED", quantity=1)]
            ),
            **(
                call
                | {"metadata": (*call["metadata"], ("traceparent", f"00-{number:032x}-{number:016x}-01"))}
            ),
        )
        for number in (1, 2, 3)
    ]
    await asyncio.gather(*holds)

    moved = (await listed(inventory, cause=pb.STOCK_MOVEMENT_CAUSE_RESERVE)).movements

    assert {each.order_id: each.trace_id for each in moved} == {
        order_id(number): f"{number:032x}" for number in (1, 2, 3)
    }
    assert [each.order_id for each in (await listed(inventory, order_id=order_id(2))).movements] == [
        order_id(2)
    ]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"order_id": "no uuid"}, "orderId"),
        ({"warehouse": "Berlin!"}, "warehouse"),
        ({"cause": 99}, "cause"),
        ({"min_move_time": Timestamp(nanos=-1)}, "minMoveTime"),
    ],
)
async def test_a_question_that_makes_no_sense_names_its_field(
    inventory: Inventory, wanted: dict[str, object], field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await listed(inventory, **wanted)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert list(violations_of(refused.value)) == [field]


async def test_movements_of_an_unknown_sku_are_not_found(inventory: Inventory) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await listed(inventory, sku="MUG-GONE")

    assert (refused.value.code(), reason_of(refused.value)) == (grpc.StatusCode.NOT_FOUND, "STOCK_NOT_FOUND")


async def test_a_shelf_is_explained_with_its_last_count(inventory: Inventory) -> None:
    await inventory.shop.sell("MUG-RED", berlin=5, hamburg=2)
    for number, change in ((1, Count(7)), (9, Delta(1))):
        await inventory.shop.wms.apply(StockUpdate("MUG-RED", "berlin", number, change), actor="client:wms")
    request = pb.ExplainStockRequest(sku="MUG-RED")

    berlin, hamburg = (await inventory.stock.ExplainStock(request, **inventory.as_admin)).shelves

    assert (berlin.book_quantity, berlin.on_hand, berlin.available) == (7, 7, 7)
    assert (berlin.epoch, berlin.sequence, berlin.current_epoch, berlin.refusals) == (1, 1, 1, 1)
    assert (berlin.last_count.book_quantity, berlin.last_count.actor) == (2, "client:wms")
    assert (hamburg.book_quantity, hamburg.sequence, hamburg.HasField("last_count")) == (2, 0, False)
