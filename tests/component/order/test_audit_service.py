"""The audit service over gRPC: what happened to an order, and that nothing was changed."""

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from shopmesh.order.v1 import audit_service_pb2 as audit_pb
from shopmesh.order.v1 import order_service_pb2 as pb
from tests.component.order.conftest import Shop
from tests.component.order.ordering import mugs, place
from tests.support.minting import ALICE
from tests.support.serving import reason_of


async def test_the_history_shows_actors_data_and_the_trace(shop: Shop) -> None:
    order = await place(shop)
    await shop.orders.ShipOrder(
        pb.ShipOrderRequest(order_id=order.order_id), metadata=shop.staff("orders:fulfil")
    )

    request = audit_pb.GetOrderHistoryRequest(order_id=order.order_id)
    own = await shop.audit.GetOrderHistory(request, metadata=shop.token())
    auditors = await shop.audit.GetOrderHistory(request, metadata=shop.staff("audit"))

    assert own == auditors
    assert [(event.version, event.type) for event in own.events] == [
        (1, "OrderPlaced"),
        (2, "OrderConfirmed"),
        (3, "OrderShipped"),
    ]
    assert own.events[0].actor == f"customer:{ALICE}"
    assert own.events[2].actor.startswith("staff:")
    assert MessageToDict(own.events[0].data)["shippingAddress"]["recipient"] == "Alice Ample"
    assert own.events[0].trace_id == own.events[1].trace_id
    assert len(own.events[0].trace_id) == 32
    assert own.events[1].prev_hash == own.events[0].hash


async def test_an_order_can_be_seen_at_a_version_and_compared(shop: Shop) -> None:
    order = await place(shop)

    at = await shop.audit.GetOrderAt(
        audit_pb.GetOrderAtRequest(order_id=order.order_id, version=1), metadata=shop.token()
    )
    diff = await shop.audit.DiffOrder(
        audit_pb.DiffOrderRequest(order_id=order.order_id, from_version=1, to_version=2),
        metadata=shop.token(),
    )

    assert at.order.state == pb.ORDER_STATE_PENDING
    changed = {each.path: each for each in diff.differences}
    assert changed["state"].old_value.string_value == "ORDER_STATE_PENDING"
    assert changed["state"].new_value.string_value == "ORDER_STATE_CONFIRMED"
    assert not changed["total"].HasField("old_value")
    assert changed["lines[0].unitPrice"].new_value.struct_value["units"] == "12"
    assert "shippingAddress.city" not in changed


async def test_a_version_that_is_not_there_is_not_found(shop: Shop) -> None:
    order = await place(shop)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shop.audit.GetOrderAt(
            audit_pb.GetOrderAtRequest(order_id=order.order_id, version=3), metadata=shop.token()
        )

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert reason_of(refused.value) == "VERSION_NOT_FOUND"


async def test_an_order_verifies(shop: Shop) -> None:
    order = await place(shop)

    request = audit_pb.VerifyOrderRequest(order_id=order.order_id)
    verified = await shop.audit.VerifyOrder(request, metadata=shop.staff("audit"))

    assert (verified.valid, verified.events, len(verified.head_hash)) == (True, 2, 64)


async def test_all_orders_verify(shop: Shop) -> None:
    orders = [await place(shop, mugs(1, request_id)) for request_id in ("one", "two", "three")]

    first = await shop.audit.VerifyOrders(
        audit_pb.VerifyOrdersRequest(page_size=2), metadata=shop.staff("audit")
    )
    second = await shop.audit.VerifyOrders(
        audit_pb.VerifyOrdersRequest(page_token=first.next_page_token), metadata=shop.staff("audit")
    )

    assert (first.valid, first.orders, first.events, list(first.findings)) == (True, 2, 4, [])
    assert first.orders + second.orders == len(orders)
    assert second.next_page_token == ""
