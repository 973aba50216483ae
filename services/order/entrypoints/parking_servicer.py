"""Events that could not be applied to orders, over gRPC."""

from typing import Any

from mesh.event_log.inbox.parking import Parking, parked_fields
from services.kernel.paging import decode_position, encode_position, page_size
from shopmesh.order.v1 import parking_service_pb2 as pb
from shopmesh.order.v1 import parking_service_pb2_grpc as rpc

_QUERY = "parked"


class OrderParkingServicer(rpc.OrderParkingServiceServicer):
    """Answers `OrderParkingService`."""

    def __init__(self, *, parking: Parking) -> None:
        self._parking = parking

    async def ListParkedForOrders(
        self, request: pb.ListParkedForOrdersRequest, context: Any
    ) -> pb.ListParkedForOrdersResponse:
        after = decode_position(request.page_token, filters=_QUERY)
        page = await self._parking.page(after=after, size=page_size(request.page_size))
        return pb.ListParkedForOrdersResponse(
            events=[pb.ParkedEvent(**parked_fields(parked)) for parked in page.events],
            next_page_token=encode_position(page.next_position, filters=_QUERY),
        )

    async def RedriveParkedForOrders(
        self, request: pb.RedriveParkedForOrdersRequest, context: Any
    ) -> pb.RedriveParkedForOrdersResponse:
        redriven = await self._parking.redrive(request.key or None)
        return pb.RedriveParkedForOrdersResponse(handled=redriven.handled, remaining=redriven.remaining)
