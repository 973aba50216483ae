"""The order service's commands over gRPC, behind the real chain, with a real inventory service."""

import asyncio

import grpc
import pytest
from google.type.money_pb2 import Money

from interceptors.core.consistency_token import decode_token
from shopmesh.order.v1 import order_service_pb2 as pb
from tests.component.order.conftest import Shop
from tests.component.order.ordering import ADDRESS, mugs, place
from tests.support.minting import ALICE
from tests.support.serving import reason_of, violations_of

pytestmark = pytest.mark.fast


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
        open_quantity=2,
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
