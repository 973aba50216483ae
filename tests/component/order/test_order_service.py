"""The order service over gRPC, behind the real chain, with a real inventory service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.type.money_pb2 import Money

from interceptors.consistency import decode_token
from shopmesh.order.v1 import audit_service_pb2 as audit_pb
from shopmesh.order.v1 import order_service_pb2 as pb
from shopmesh.stream.v1 import stream_pb2
from tests.component.order.conftest import Shop
from tests.support.minting import ALICE, BOB
from tests.support.serving import reason_of, violations_of
from tests.support.waiting import eventually

ADDRESS = pb.ShippingAddress(
    recipient="Alice Ample", line1="Amselweg 1", city="Augsburg", postal_code="86150", country_code="DE"
)
NOBODYS = "6a8f3a52-5c1f-5f0e-9d0b-0d8f2f3c7b11"


def mugs(quantity: int = 2, request_id: str = "breakfast", **fields: Any) -> pb.PlaceOrderRequest:
    return pb.PlaceOrderRequest(
        request_id=request_id,
        lines=[pb.LineRequest(sku="MUG-RED", quantity=quantity)],
        shipping_address=ADDRESS,
        **fields,
    )


async def place(shop: Shop, request: pb.PlaceOrderRequest | None = None, subject: str = ALICE) -> pb.Order:
    response = await shop.orders.PlaceOrder(request or mugs(), metadata=shop.token(subject))
    return response.order


async def test_an_order_is_placed_and_its_stock_is_reserved(shop: Shop) -> None:
    order = await place(shop)

    assert order.state == pb.ORDER_STATE_CONFIRMED
    assert order.total == Money(currency_code="EUR", units=25)
    assert order.lines[0] == pb.OrderLine(
        sku="MUG-RED",
        name="Mug Red",
        quantity=2,
        unit_price=Money(currency_code="EUR", units=12, nanos=500_000_000),
        line_total=Money(currency_code="EUR", units=25),
    )
    assert order.shipping_address == ADDRESS
    assert (order.customer_id, order.request_id, order.version) == (ALICE, "breakfast", 2)
    assert not order.personal_data_erased
    stock = await shop.stock_of("MUG-RED")
    assert (stock.available, stock.reserved) == (8, 2)


async def test_an_unlisted_quote_needs_no_token_and_stores_nothing(shop: Shop) -> None:
    request = pb.QuoteOrderRequest(
        lines=[
            pb.LineRequest(sku="TEAPOT", quantity=4),
            pb.LineRequest(sku="MUG-PINK", quantity=1),
            pb.LineRequest(sku="MUG-RED", quantity=2),
        ]
    )

    quote = (await shop.orders.QuoteOrder(request)).quote

    assert [(line.sku, line.available, line.HasField("unit_price")) for line in quote.lines] == [
        ("TEAPOT", 3, True),
        ("MUG-PINK", 0, False),
        ("MUG-RED", 10, True),
    ]
    assert quote.total == Money(currency_code="EUR", units=145)
    assert not quote.available
    assert (await shop.stock_of("TEAPOT")).available == 3


async def test_fifty_calls_at_once_make_one_order_and_one_reservation(shop: Shop) -> None:
    orders = await asyncio.gather(*(place(shop) for _ in range(50)))

    assert len({order.order_id for order in orders}) == 1
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=shop.token())
    assert [order.order_id for order in listed.orders] == [orders[0].order_id]
    assert (await shop.stock_of("MUG-RED")).reserved == 2


async def test_another_command_under_the_same_request_id_already_exists(shop: Shop) -> None:
    await place(shop, mugs(2))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await place(shop, mugs(3))

    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason_of(refused.value) == "REQUEST_ID_REUSED"
    assert "requestId" in violations_of(refused.value)


async def test_an_unknown_sku_is_an_invalid_argument_that_names_the_line(shop: Shop) -> None:
    request = mugs()
    request.lines.append(pb.LineRequest(sku="MUG-PINK", quantity=1))

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await place(shop, request)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == "UNKNOWN_SKU"
    assert violations_of(refused.value) == {"lines[1].sku": "the shop does not sell MUG-PINK"}


async def test_too_little_stock_is_an_answer_not_an_error(shop: Shop) -> None:
    order = await place(shop, mugs(11))

    assert order.state == pb.ORDER_STATE_REJECTED
    assert order.rejection == pb.Rejection(
        reason=pb.REJECTION_REASON_OUT_OF_STOCK,
        lines=[pb.RejectedLine(sku="MUG-RED", requested=11, available=10)],
    )
    assert not order.HasField("total")
    assert (await shop.stock_of("MUG-RED")).reserved == 0


async def test_a_changed_price_names_the_current_total(shop: Shop) -> None:
    order = await place(shop, mugs(2, expected_total=Money(currency_code="EUR", units=24)))

    assert order.rejection == pb.Rejection(
        reason=pb.REJECTION_REASON_PRICE_CHANGED, current_total=Money(currency_code="EUR", units=25)
    )
    assert (await shop.stock_of("MUG-RED")).available == 10


async def test_cancelling_gives_the_stock_back_once(shop: Shop) -> None:
    order = await place(shop)
    request = pb.CancelOrderRequest(order_id=order.order_id)

    first = await shop.orders.CancelOrder(request, metadata=shop.token())
    second = await shop.orders.CancelOrder(request, metadata=shop.token())

    assert first.order.state == pb.ORDER_STATE_CANCELLED
    assert first.order.cancel_reason == "CUSTOMER"
    assert second == first
    assert (await shop.stock_of("MUG-RED")).available == 10


async def test_a_shipped_order_cannot_be_cancelled(shop: Shop) -> None:
    order = await place(shop)
    staff = shop.staff("orders:fulfil")
    await shop.orders.ShipOrder(pb.ShipOrderRequest(order_id=order.order_id), metadata=staff)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.order_id), metadata=shop.token())

    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(refused.value) == "ORDER_ALREADY_SHIPPED"
    delivered = await shop.orders.DeliverOrder(
        pb.DeliverOrderRequest(order_id=order.order_id), metadata=staff
    )
    assert delivered.order.state == pb.ORDER_STATE_DELIVERED


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


async def test_closing_a_customer_is_for_services_and_waits_for_open_orders(shop: Shop) -> None:
    order = await place(shop)
    request = pb.CloseCustomerRequest(user_id=ALICE)
    user = shop.service("user")

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await shop.orders.CloseCustomer(request, metadata=user)
    assert reason_of(refused.value) == "OPEN_ORDERS"
    await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.order_id), metadata=shop.token())
    await shop.orders.CloseCustomer(request, metadata=user)

    with pytest.raises(grpc.aio.AioRpcError) as closed:
        await place(shop, mugs(1, "next"))
    assert closed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(closed.value) == "CUSTOMER_CLOSED"


async def test_a_write_answers_a_token_that_covers_inventorys_writes(shop: Shop) -> None:
    call = shop.orders.PlaceOrder(mugs(), metadata=shop.token())
    await call

    token = dict(await call.initial_metadata())["x-consistency-token"]
    assert isinstance(token, str)
    assert set(decode_token(token)) >= {"order", "inventory"}


async def refusal(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value


def text_of(error: grpc.aio.AioRpcError) -> str:
    return error.details() or ""
