"""What the inventory service has parked, over gRPC."""

from mesh.event_log.inbox.parked_servicer import ParkedEventsServicer
from shopmesh.inventory.v1.parking_service_pb2_grpc import StockParkingServiceServicer


class StockParkingServicer(ParkedEventsServicer, StockParkingServiceServicer):
    """Answers `StockParkingService`."""
