"""Events that could not be applied to stock, over gRPC."""

from typing import Any

from mesh.event_log.inbox.parking import Parking, parked_fields
from services.kernel.paging import decode_position, encode_position, page_size
from shopmesh.inventory.v1 import parking_service_pb2 as pb
from shopmesh.inventory.v1 import parking_service_pb2_grpc as rpc

_QUERY = "parked"


class StockParkingServicer(rpc.StockParkingServiceServicer):
    """Answers `StockParkingService`."""

    def __init__(self, *, parking: Parking) -> None:
        self._parking = parking

    async def ListParkedForStock(
        self, request: pb.ListParkedForStockRequest, context: Any
    ) -> pb.ListParkedForStockResponse:
        after = decode_position(request.page_token, filters=_QUERY)
        page = await self._parking.page(after=after, size=page_size(request.page_size))
        return pb.ListParkedForStockResponse(
            events=[pb.ParkedEvent(**parked_fields(parked)) for parked in page.events],
            next_page_token=encode_position(page.next_position, filters=_QUERY),
        )

    async def RedriveParkedForStock(
        self, request: pb.RedriveParkedForStockRequest, context: Any
    ) -> pb.RedriveParkedForStockResponse:
        redriven = await self._parking.redrive(request.key or None)
        return pb.RedriveParkedForStockResponse(handled=redriven.handled, remaining=redriven.remaining)
