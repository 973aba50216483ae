"""The order service, asked over gRPC."""

import grpc

from mesh.messages import reason_of
from services.user.domain.errors import OpenOrders, OrdersUnavailable
from shopmesh.order.v1 import order_service_pb2, order_service_pb2_grpc


class GrpcCustomerOrders:
    """A customer's orders."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = order_service_pb2_grpc.OrderServiceStub(channel)

    async def close(self, user_id: str) -> None:
        try:
            await self._stub.CloseCustomer(order_service_pb2.CloseCustomerRequest(user_id=user_id))
        except grpc.aio.AioRpcError as error:
            if reason_of(error) == OpenOrders.reason:
                raise OpenOrders(
                    "an order is on its way; erase the account once it was delivered or cancelled"
                ) from None
            raise OrdersUnavailable(
                "the order service does not say whether an order is on its way; nothing was changed",
                retry_after_seconds=1.0,
            ) from None
