"""The warehouse system's calls over gRPC."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from services.inventory.adapters.tables import movements
from services.inventory.entrypoints.wms_servicer import WmsServicer
from services.kernel.paging import encode_page_token
from shopmesh.inventory.v1 import wms_service_pb2 as pb
from shopmesh.stream.v1 import stream_pb2
from tests.component.inventory.conftest import Inventory
from tests.support.inventory.shop import Shop, order_id
from tests.support.minting import bearer
from tests.support.serving import reason_of, violations_of

APPLIED, DUPLICATE = pb.STOCK_UPDATE_RESULT_APPLIED, pb.STOCK_UPDATE_RESULT_DUPLICATE
GAP, QUARANTINED = pb.STOCK_UPDATE_RESULT_GAP, pb.STOCK_UPDATE_RESULT_QUARANTINED


def as_wms(inventory: Inventory, **claims: Any) -> dict[str, Any]:
    token = inventory.served.mint.token(sub="wms", client_id="wms", scope="wms", **claims)
    return {"metadata": bearer(token), "timeout": 20}


def count(sequence: int, on_hand: int, sku: str = "MUG-RED", *shipped: str) -> pb.StockUpdate:
    counted = pb.StockCount(on_hand=on_hand, shipped_order_ids=shipped)
    return pb.StockUpdate(sku=sku, warehouse="berlin", sequence=sequence, count=counted)


def delta(sequence: int, quantity: int, sku: str = "MUG-RED", order: str = "") -> pb.StockUpdate:
    moved = pb.StockDelta(quantity=quantity, order_id=order)
    return pb.StockUpdate(sku=sku, warehouse="berlin", sequence=sequence, delta=moved)


async def push(inventory: Inventory, *updates: pb.StockUpdate) -> Sequence[pb.StockUpdateAck]:
    request = pb.PushStockUpdatesRequest(updates=updates)
    return (await inventory.wms.PushStockUpdates(request, **as_wms(inventory))).acks


async def heard(call: Any) -> pb.SyncStockResponse:
    """The next message of a stream."""
    message = await call.read()
    assert isinstance(message, pb.SyncStockResponse)
    return message


async def on_hand(inventory: Inventory, sku: str = "MUG-RED") -> int:
    assert not await inventory.shop.discrepancies()
    return (await inventory.shop.stocks.get(sku)).on_hand


async def test_pushed_updates_are_acknowledged_in_their_order(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=5)

    acks = await push(
        inventory,
        delta(1, 3),
        count(1, 9, "MUG-BLUE"),
        delta(1, 3),
        delta(4, 1),
        delta(1, 1, "MUG-GONE"),
    )

    assert [(ack.sku, ack.warehouse, ack.sequence, ack.result) for ack in acks] == [
        ("MUG-RED", "berlin", 1, APPLIED),
        ("MUG-BLUE", "berlin", 1, APPLIED),
        ("MUG-RED", "berlin", 1, DUPLICATE),
        ("MUG-RED", "berlin", 4, GAP),
        ("MUG-GONE", "berlin", 1, QUARANTINED),
    ]
    assert (acks[3].expected_sequence, acks[4].reason) == (2, "there is no product MUG-GONE")
    assert (await on_hand(inventory), await on_hand(inventory, "MUG-BLUE")) == (8, 9)
    assert (await inventory.shop.rows(movements))[-1].actor == "client:wms"


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (delta(0, 1), "updates[0].sequence"),
        (delta(1, 0), "updates[0].delta.quantity"),
        (count(1, -1), "updates[0].count.onHand"),
        (count(1, 1, "MUG-RED", "no id"), "updates[0].count.shippedOrderIds[0]"),
        (delta(1, -1, order="no id"), "updates[0].delta.orderId"),
        (pb.StockUpdate(sku="MUG-RED", warehouse="berlin", sequence=1), "updates[0].change"),
    ],
)
async def test_what_breaks_a_rule_of_its_fields_is_refused_whole(
    inventory: Inventory, update: pb.StockUpdate, field: str
) -> None:
    await inventory.sell(MUG_RED=5)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await push(inventory, update, delta(1, 2))

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert list(violations_of(refused.value)) == [field]
    assert await on_hand(inventory) == 5


async def test_only_the_warehouse_system_may_tell(inventory: Inventory) -> None:
    request = pb.PushStockUpdatesRequest(updates=[delta(1, 1)])

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await inventory.wms.PushStockUpdates(request, **inventory.as_admin)

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_the_same_update_pushed_by_many_at_once_moves_once(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)

    acks = await asyncio.gather(*(push(inventory, delta(1, 3), delta(2, -1)) for _ in range(10)))

    results = sorted(ack.result for each in acks for ack in each)
    assert results == [APPLIED] * 2 + [DUPLICATE] * 18
    assert await on_hand(inventory) == 7


async def test_a_stream_acknowledges_each_update_and_ends_when_the_warehouse_ends_it(
    inventory: Inventory,
) -> None:
    await inventory.sell(MUG_RED=5)
    call = inventory.wms.SyncStock(**as_wms(inventory))

    for update, result in [(delta(1, 3), APPLIED), (delta(3, 1), GAP), (delta(2, -4), APPLIED)]:
        await call.write(pb.SyncStockRequest(update=update))
        assert (await heard(call)).ack.result == result
    await call.done_writing()

    assert (await heard(call)).closed.reason == stream_pb2.CLOSE_REASON_FINAL_STATE
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK
    assert await on_hand(inventory) == 4


async def test_updates_sent_in_a_burst_are_acknowledged_in_their_order(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    updates = [delta(sequence, 1) for sequence in range(1, 31)]

    call = inventory.wms.SyncStock(
        iter([pb.SyncStockRequest(update=each) for each in updates]), **as_wms(inventory)
    )
    answers = [answer async for answer in call]

    assert [answer.ack.sequence for answer in answers[:-1]] == list(range(1, 31))
    assert answers[-1].HasField("closed")
    assert await on_hand(inventory) == 35


async def test_the_next_update_is_read_once_the_last_is_acknowledged(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    draining, read = asyncio.Event(), 0
    servicer = WmsServicer(
        updates=shop.wms,
        reconciliation=shop.reconciliation,
        quarantined=shop.quarantined,
        feeds=shop.feeds,
        draining=draining,
        clock=shop.clock,
    )

    async def arriving() -> AsyncIterator[pb.SyncStockRequest]:
        nonlocal read
        for read in (1, 2, 3):
            yield pb.SyncStockRequest(update=delta(read, 1))

    answers = aiter(servicer.SyncStock(arriving(), None))
    for sequence in (1, 2, 3):
        assert (await anext(answers)).ack.sequence == sequence
        # Not taken further than to here, the stream has a turn to read ahead in, and does not.
        await asyncio.sleep(0)
        assert read == sequence
    assert (await anext(answers)).HasField("closed")


async def test_a_stream_refuses_what_breaks_a_rule_and_keeps_what_came_before(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    call = inventory.wms.SyncStock(**as_wms(inventory))
    await call.write(pb.SyncStockRequest(update=delta(1, 3)))
    await call.read()

    await call.write(pb.SyncStockRequest())

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await on_hand(inventory) == 8


async def test_a_stream_ends_with_its_token(inventory: Inventory) -> None:
    call = inventory.wms.SyncStock(**as_wms(inventory, exp=int(time.time()) + 2))

    assert (await heard(call)).closed.reason == stream_pb2.CLOSE_REASON_TOKEN_EXPIRED
    assert await call.code() is grpc.StatusCode.OK


async def test_a_stream_ends_when_the_service_stops(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    call = inventory.wms.SyncStock(**as_wms(inventory))
    await call.write(pb.SyncStockRequest(update=delta(1, 3)))
    await call.read()

    inventory.served.context.draining.set()

    assert (await heard(call)).closed.reason == stream_pb2.CLOSE_REASON_DRAINING


async def test_a_shipment_is_told_to_the_orders(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)

    (ack,) = await push(inventory, delta(1, -2, order=order_id(1)))

    assert ack.result == APPLIED
    assert await on_hand(inventory) == 3


async def test_drift_is_reported_and_repaired_on_demand(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5, MUG_BLUE=2)
    lines = [
        pb.SnapshotLine(sku="MUG-RED", warehouse="berlin", on_hand=4),
        pb.SnapshotLine(sku="MUG-BLUE", warehouse="berlin", on_hand=2),
    ]

    request = pb.ReconcileStockRequest(lines=lines, repair=False)
    compared = await inventory.wms.ReconcileStock(request, **as_wms(inventory))
    repaired = await inventory.wms.ReconcileStock(
        pb.ReconcileStockRequest(lines=lines, repair=True), **as_wms(inventory)
    )

    drift = [pb.StockDrift(sku="MUG-RED", warehouse="berlin", shop_on_hand=5, warehouse_on_hand=4)]
    assert compared == pb.ReconcileStockResponse(compared=2, drift=drift)
    assert repaired == pb.ReconcileStockResponse(compared=2, drift=drift, repaired=True)
    assert await on_hand(inventory) == 4


async def test_a_snapshot_that_contradicts_itself_is_refused(inventory: Inventory) -> None:
    line = pb.SnapshotLine(sku="MUG-RED", warehouse="berlin", on_hand=4)

    request = pb.ReconcileStockRequest(lines=[line, line], repair=False)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await inventory.wms.ReconcileStock(request, **as_wms(inventory))

    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "DUPLICATE_LINE",
    )
    assert list(violations_of(refused.value)) == ["lines[1]"]


async def test_what_was_set_aside_is_listed_as_it_came(inventory: Inventory) -> None:
    await inventory.sell(MUG_RED=5)
    nonsense = delta(1, -6)
    nonsense.observe_time.FromSeconds(1_800_000_000)
    counted = count(1, 7, "MUG-GONE", order_id(2), order_id(1), order_id(2))
    before = datetime.now(UTC)
    await push(inventory, nonsense, counted, nonsense)

    request = pb.ListQuarantinedUpdatesRequest()
    answer = await inventory.wms.ListQuarantinedUpdates(request, **as_wms(inventory))

    once = count(1, 7, "MUG-GONE", order_id(1), order_id(2))
    # It counted in the epoch that was the current one.
    once.epoch = nonsense.epoch = 1
    assert [(each.update, each.reason, each.actor) for each in answer.updates] == [
        (once, "there is no product MUG-GONE", "client:wms"),
        (nonsense, "-1 pieces would be left: the book quantity is 5", "client:wms"),
    ]
    assert before <= answer.updates[0].quarantine_time.ToDatetime(UTC) <= datetime.now(UTC)
    assert not answer.next_page_token


async def test_a_page_token_of_another_list_is_refused(inventory: Inventory) -> None:
    await push(inventory, delta(1, 1, "MUG-GONE"), delta(2, 1, "MUG-GONE"))
    request = pb.ListQuarantinedUpdatesRequest(sku="MUG-GONE", page_size=1)
    first = await inventory.wms.ListQuarantinedUpdates(request, **as_wms(inventory))
    made_up = (
        "7",
        f"-1 MUG-GONE berlin 1 {'a' * 64}",
        f"{'9' * 18} MUG-GONE berlin 1 {'a' * 64}",
        f"1 MUG-GONE berlin {2**63} {'a' * 64}",
        "1 MUG-GONE berlin 1 digest",
    )
    tokens = [(encode_page_token(position, filters="MUG-GONE"), "MUG-GONE") for position in made_up]

    for token, sku in (first.next_page_token, ""), *tokens:
        request = pb.ListQuarantinedUpdatesRequest(sku=sku, page_token=token)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await inventory.wms.ListQuarantinedUpdates(request, **as_wms(inventory))
        assert reason_of(refused.value) == "INVALID_PAGE_TOKEN"
