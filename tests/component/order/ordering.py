"""What a customer orders over gRPC."""

from typing import Any

from shopmesh.order.v1 import order_service_pb2 as pb
from tests.component.order.conftest import Shop
from tests.support.minting import ALICE

ADDRESS = pb.ShippingAddress(
    recipient="Alice Ample", line1="Amselweg 1", city="Augsburg", postal_code="86150", country_code="DE"
)


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
