"""What the order service has parked, over gRPC."""

from mesh.event_log.inbox.parked_servicer import ParkedEventsServicer
from shopmesh.order.v1.parking_service_pb2_grpc import OrderParkingServiceServicer


class OrderParkingServicer(ParkedEventsServicer, OrderParkingServiceServicer):
    """Answers `OrderParkingService`."""
