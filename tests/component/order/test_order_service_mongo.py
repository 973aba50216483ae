"""The order service over gRPC on MongoDB: as on files, and clear about a server that stands still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2

from mesh.backends.running import Server
from shopmesh.order.v1 import audit_service_pb2 as audit_pb
from shopmesh.order.v1 import order_service_pb2 as pb
from tests.component.order.conftest import Shop, open_order_shop
from tests.support.minting import ALICE
from tests.support.mongo_stores import port_of, through
from tests.support.serving import reason_of, status_of
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.waiting import eventually

ADDRESS = pb.ShippingAddress(
    recipient="Alice Ample", line1="Amselweg 1", city="Augsburg", postal_code="86150", country_code="DE"
)
BACK_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class DistantShop:
    """A shop whose way to its events can be harmed."""

    shop: Shop
    proxy: TcpProxy

    async def place(self, request_id: str) -> pb.Order:
        request = pb.PlaceOrderRequest(
            request_id=request_id,
            lines=[pb.LineRequest(sku="MUG-RED", quantity=1)],
            shipping_address=ADDRESS,
        )
        return (await self.shop.orders.PlaceOrder(request, metadata=self.shop.token(ALICE))).order


@pytest.fixture
async def distant(tmp_path: Path, mongodb: Server, mongodb_url: str) -> AsyncIterator[DistantShop]:
    async with tcp_proxy(port_of(mongodb.url)) as proxy:
        url = through(mongodb_url, proxy.port)
        async with open_order_shop(tmp_path, mongodb_url=url) as shop:
            yield DistantShop(shop, proxy)


async def test_an_order_is_placed_cancelled_listed_and_verified(distant: DistantShop) -> None:
    shop = distant.shop
    order = await distant.place("breakfast")
    assert order.state == pb.ORDER_STATE_CONFIRMED
    assert order.shipping_address == ADDRESS

    alice = shop.token(ALICE)
    cancelled = await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=order.order_id), metadata=alice)

    assert cancelled.order.state == pb.ORDER_STATE_CANCELLED
    listed = await shop.orders.ListOrders(pb.ListOrdersRequest(), metadata=alice)
    assert [each.order_id for each in listed.orders] == [order.order_id]
    found = await shop.audit.VerifyOrder(
        audit_pb.VerifyOrderRequest(order_id=order.order_id), metadata=shop.staff("audit")
    )
    assert (found.valid, found.events) == (True, 3)


async def test_a_server_that_stands_still_is_told_with_when_to_try_again(distant: DistantShop) -> None:
    await distant.place("breakfast")
    distant.proxy.pause()

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await distant.place("lunch")

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(refused.value) == "STORE_UNAVAILABLE"
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_of(refused.value).details)
    distant.proxy.resume()

    async def works_again() -> bool:
        try:
            return (await distant.place("lunch")).state == pb.ORDER_STATE_CONFIRMED
        except grpc.aio.AioRpcError:
            return False

    await eventually(works_again, "orders are placed again", seconds=BACK_WITHIN_SECONDS)
