"""Stock and reservations over gRPC."""

import asyncio
import math
from typing import Any

import grpc
import pytest

from services.inventory.adapters.tables import movements
from services.inventory.domain.adjustment import AdjustStock
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from tests.component.inventory.conftest import Inventory
from tests.support.inventory.shop import order_id
from tests.support.serving import reason_of, violations_of

pytestmark = pytest.mark.fast


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), reason_of(refused.value)


def reserve(inventory: Inventory, number: int = 1, **lines: int) -> Any:
    wanted = [pb.ReserveLine(sku=name.replace("_", "-"), quantity=count) for name, count in lines.items()]
    return inventory.stock.ReserveStock(
        pb.ReserveStockRequest(order_id=order_id(number), lines=wanted), **inventory.as_order
    )


def commit(inventory: Inventory, number: int = 1) -> Any:
    return inventory.stock.CommitReservation(
        pb.CommitReservationRequest(order_id=order_id(number)), **inventory.as_order
    )


def release(inventory: Inventory, number: int = 1) -> Any:
    return inventory.stock.ReleaseReservation(
        pb.ReleaseReservationRequest(order_id=order_id(number)), **inventory.as_order
    )


def adjust(inventory: Inventory, delta: int, **values: Any) -> Any:
    usual: dict[str, Any] = {"sku": "MUG-RED", "request_id": "count-1", "delta": delta, "reason": "counted"}
    return inventory.stock.AdjustStock(pb.AdjustStockRequest(**(usual | values)), **inventory.as_admin)


async def stock_of(inventory: Inventory, sku: str = "MUG-RED") -> tuple[int, int, int]:
    stock = (await inventory.stock.GetStock(pb.GetStockRequest(sku=sku))).stock
    return stock.available, stock.on_hand, stock.reserved


async def test_stock_is_told_in_sum_and_by_warehouse(inventory: Inventory) -> None:
    await inventory.shop.sell("MUG-RED", berlin=3, hamburg=4)

    stock = (await inventory.stock.GetStock(pb.GetStockRequest(sku="MUG-RED"))).stock

    assert (stock.available, stock.on_hand, stock.reserved) == (7, 7, 0)
    assert [(each.warehouse, each.available) for each in stock.warehouses] == [("berlin", 3), ("hamburg", 4)]


async def test_the_stock_of_an_unknown_sku_is_not_found(inventory: Inventory) -> None:
    call = inventory.stock.GetStock(pb.GetStockRequest(sku="MUG-GONE"))

    assert await refusal(call) == (grpc.StatusCode.NOT_FOUND, "STOCK_NOT_FOUND")


async def test_a_batch_keeps_the_order_and_drops_duplicates(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=3, MUG_BLUE=4)

    skus = ["MUG-RED", "MUG-GONE", "MUG-BLUE", "MUG-RED", "MUG-GONE"]
    response = await inventory.stock.BatchGetStock(pb.BatchGetStockRequest(skus=skus))

    assert [each.sku for each in response.stock] == ["MUG-RED", "MUG-BLUE"]
    assert response.missing_skus == ["MUG-GONE"]


@pytest.mark.parametrize("count", [1, 199, 200, 500])
async def test_a_batch_costs_one_statement_per_199_skus(inventory: Inventory, count: int) -> None:
    call = inventory.stock.BatchGetStock(
        pb.BatchGetStockRequest(skus=[f"SKU-{each}" for each in range(count)])
    )
    await call

    assert dict(await call.trailing_metadata() or ())["x-db-queries"] == str(math.ceil(count / 199))


async def test_a_batch_of_501_is_refused(inventory: Inventory) -> None:
    call = inventory.stock.BatchGetStock(pb.BatchGetStockRequest(skus=[f"SKU-{each}" for each in range(501)]))

    assert (await refusal(call))[0] is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_reservation_takes_from_what_is_available(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=5)

    reservation = (await reserve(inventory, MUG_RED=2, MUG_BLUE=5)).reservation

    assert reservation.state == pb.RESERVATION_STATE_HELD
    assert [(line.sku, line.quantity, line.unit_price.units) for line in reservation.lines] == [
        ("MUG-RED", 2, 12),
        ("MUG-BLUE", 5, 12),
    ]
    assert reservation.lines[0].allocations == [pb.Allocation(warehouse="berlin", quantity=2)]
    assert await stock_of(inventory) == (3, 5, 2)
    assert await stock_of(inventory, "MUG-BLUE") == (0, 5, 5)


async def test_a_line_that_falls_short_keeps_the_others_from_being_held(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=1)

    response = await reserve(inventory, MUG_RED=2, MUG_BLUE=2, MUG_GONE=1)

    assert not response.HasField("reservation")
    assert list(response.shortfalls) == [
        pb.Shortfall(sku="MUG-BLUE", requested=2, available=1),
        pb.Shortfall(sku="MUG-GONE", requested=1, unknown=True),
    ]
    assert await stock_of(inventory) == (5, 5, 0)


async def test_a_repeat_answers_the_stored_prices_and_moves_nothing(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    first = await reserve(inventory, MUG_RED=2)
    await inventory.shop.products.retire("MUG-RED", actor="staff:admin")

    assert await reserve(inventory, MUG_RED=2) == first
    assert await stock_of(inventory) == (3, 5, 2)


async def test_fifty_parallel_repeats_hold_once(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=100)

    answers = await asyncio.gather(*(reserve(inventory, MUG_RED=2) for _ in range(50)))

    assert all(answer == answers[0] for answer in answers)
    assert await stock_of(inventory) == (98, 100, 2)


async def test_other_lines_under_the_same_order_are_refused(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    await reserve(inventory, MUG_RED=2)

    assert await refusal(reserve(inventory, MUG_RED=3)) == (
        grpc.StatusCode.ALREADY_EXISTS,
        "RESERVATION_DIFFERS",
    )


async def test_a_commit_and_its_repeat_are_the_same(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    await reserve(inventory, MUG_RED=2)

    first = await commit(inventory)

    assert first.reservation.state == pb.RESERVATION_STATE_COMMITTED
    assert not first.reservation.HasField("expire_time")
    assert await commit(inventory) == first
    assert (await reserve(inventory, MUG_RED=2)).reservation == first.reservation
    assert await stock_of(inventory) == (3, 5, 2)


async def test_nothing_can_be_committed_that_was_never_held(inventory: Inventory) -> None:
    assert await refusal(commit(inventory)) == (grpc.StatusCode.NOT_FOUND, "RESERVATION_NOT_FOUND")


async def test_a_release_gives_everything_back_for_good(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    await reserve(inventory, MUG_RED=2)
    await commit(inventory)

    first = await release(inventory)

    assert first.reservation.state == pb.RESERVATION_STATE_RELEASED
    assert await release(inventory) == first
    assert await stock_of(inventory) == (5, 5, 0)
    refused = (grpc.StatusCode.FAILED_PRECONDITION, "RESERVATION_RELEASED")
    assert await refusal(reserve(inventory, MUG_RED=2)) == refused
    assert await refusal(commit(inventory)) == refused


async def test_a_release_ahead_of_its_reservation_keeps_it_out(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)

    await release(inventory)

    refused = (grpc.StatusCode.FAILED_PRECONDITION, "RESERVATION_RELEASED")
    assert await refusal(reserve(inventory, MUG_RED=2)) == refused
    assert await refusal(commit(inventory)) == refused
    assert await stock_of(inventory) == (5, 5, 0)


async def test_an_adjustment_moves_stock_once_per_request_id(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)

    first = await adjust(inventory, 3)

    assert first.stock.on_hand == 8
    assert await adjust(inventory, 3) == first
    last = (await inventory.shop.rows(movements))[-1]
    assert (last.cause, last.actor, last.note, last.causation) == (
        "ADJUST",
        "staff:admin-id",
        "counted",
        "count-1",
    )


@pytest.mark.parametrize(
    "other", [{"delta": 4}, {"reason": "again"}, {"warehouse": "berlin"}, {"sku": "MUG-BLUE"}]
)
async def test_another_adjustment_under_the_same_id_is_refused(
    inventory: Inventory, other: dict[str, Any]
) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=5)
    await adjust(inventory, 3)

    call = adjust(inventory, **({"delta": 3} | other))

    assert await refusal(call) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_an_adjustment_is_the_same_however_its_reason_is_written(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)

    first = await adjust(inventory, 3, reason="Caf\u00e9 delivery")

    assert await adjust(inventory, 3, reason=" Cafe\u0301 delivery ") == first
    assert (await inventory.shop.rows(movements))[-1].note == "Caf\u00e9 delivery"


async def test_an_adjustment_recorded_as_it_was_sent_is_repeated(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    recorded = AdjustStock("staff:admin-id", "count-1", "MUG-RED", "", 3, " counted ")
    await inventory.shop.stocks.adjust(recorded, actor="staff:admin-id")

    assert (await adjust(inventory, 3, reason=" counted ")).stock.on_hand == 8
    assert await refusal(adjust(inventory, 3)) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_an_adjustment_needs_a_warehouse_where_there_is_a_choice(inventory: Inventory) -> None:
    await inventory.shop.sell("MUG-RED", berlin=3, hamburg=4)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await adjust(inventory, 1)

    assert reason_of(refused.value) == "WAREHOUSE_REQUIRED"
    assert violations_of(refused.value).keys() == {"warehouse"}
    assert (await adjust(inventory, 1, warehouse="hamburg")).stock.on_hand == 8


async def test_the_first_pieces_of_a_product_need_a_warehouse_that_exists(inventory: Inventory) -> None:
    await inventory.shop.sell("MUG-RED")

    unknown = adjust(inventory, 1, warehouse="atlantis")
    assert await refusal(unknown) == (grpc.StatusCode.NOT_FOUND, "WAREHOUSE_NOT_FOUND")
    assert (await refusal(adjust(inventory, 1)))[1] == "WAREHOUSE_REQUIRED"
    assert (await adjust(inventory, 1, warehouse="hamburg")).stock.available == 1


async def test_what_is_reserved_cannot_be_adjusted_away(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    await reserve(inventory, MUG_RED=2)

    assert await refusal(adjust(inventory, -4)) == (grpc.StatusCode.FAILED_PRECONDITION, "BELOW_RESERVED")
    assert await stock_of(inventory) == (3, 5, 2)
    assert (await adjust(inventory, -3)).stock.available == 0


async def test_more_pieces_than_can_be_are_refused(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=100_000_000)

    assert await refusal(adjust(inventory, 1)) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_MUCH_STOCK")


async def test_the_stock_of_an_unknown_sku_cannot_be_adjusted(inventory: Inventory) -> None:
    assert await refusal(adjust(inventory, 1)) == (grpc.StatusCode.NOT_FOUND, "STOCK_NOT_FOUND")
