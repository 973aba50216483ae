"""Who sees which order over gRPC: its customer, an auditor, a watcher, and no stranger."""

from collections.abc import Awaitable, Callable

import grpc
import pytest

from shopmesh.order.v1 import audit_service_pb2 as audit_pb
from shopmesh.order.v1 import order_service_pb2 as pb
from shopmesh.stream.v1 import stream_pb2
from tests.component.order.conftest import Shop
from tests.component.order.ordering import mugs, place
from tests.support.minting import BOB
from tests.support.serving import reason_of
from tests.support.waiting import eventually

NOBODYS = "6a8f3a52-5c1f-5f0e-9d0b-0d8f2f3c7b11"


async def test_a_strangers_order_answers_exactly_like_none(shop: Shop) -> None:
    order = await place(shop)
    bob = shop.token(BOB)
    calls: list[Callable[[str], Awaitable[object]]] = [
        lambda order_id: shop.orders.GetOrder(pb.GetOrderRequest(order_id=order_id), metadata=bob),
        lambda order_id: shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order_id), metadata=bob),
        lambda order_id: shop.audit.GetOrderHistory(
            audit_pb.GetOrderHistoryRequest(order_id=order_id), metadata=bob
        ),
    ]

    for call in calls:
        strangers, absent = await refusal(call(order.order_id)), await refusal(call(NOBODYS))
        assert strangers.code() is grpc.StatusCode.NOT_FOUND
        assert reason_of(strangers) == reason_of(absent) == "ORDER_NOT_FOUND"
        assert text_of(strangers).replace(order.order_id, "") == text_of(absent).replace(NOBODYS, "")


async def test_an_auditor_finds_everybodys_orders(shop: Shop) -> None:
    await place(shop)
    await place(shop, mugs(99, "greedy"), BOB)

    request = pb.SearchOrdersRequest(state=pb.ORDER_STATE_REJECTED, sku="MUG-RED")

    async def is_found() -> bool:
        found = await shop.orders.SearchOrders(request, metadata=shop.staff("audit"))
        return [order.request_id for order in found.orders] == ["greedy"]

    await eventually(is_found, "the index has followed the events")


async def test_a_watcher_is_told_of_changes_and_of_the_end(shop: Shop) -> None:
    order = await place(shop)
    call = shop.orders.WatchOrder(pb.WatchOrderRequest(order_id=order.order_id), metadata=shop.token())

    first = await call.read()
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.order_id), metadata=shop.token())
    second, last = await call.read(), await call.read()

    assert isinstance(first, pb.WatchOrderResponse)
    assert first.order.state == pb.ORDER_STATE_CONFIRMED
    assert isinstance(second, pb.WatchOrderResponse)
    assert second.order.state == pb.ORDER_STATE_CANCELLED
    assert isinstance(last, pb.WatchOrderResponse)
    assert last.closed.reason == stream_pb2.CLOSE_REASON_FINAL_STATE


async def test_a_watch_of_a_strangers_order_is_refused_before_its_first_message(shop: Shop) -> None:
    order = await place(shop)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shop.orders.WatchOrder(
            pb.WatchOrderRequest(order_id=order.order_id), metadata=shop.token(BOB)
        ).read()

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def refusal(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value


def text_of(error: grpc.aio.AioRpcError) -> str:
    return error.details() or ""
