"""The parts of the mesh and where they listen."""

SERVICES = ("user", "order", "inventory", "notification")

_GRPC_PORTS = {"user": 50051, "order": 50052, "inventory": 50053, "notification": 50054}
_HTTP_PORTS = {"user": 50061, "notification": 50064}
HTTP_SERVICES = tuple(_HTTP_PORTS)
"""The services that have an HTTP port beside their gRPC port."""
ENVOY_PORT = 8080
ENVOY_ADMIN_PORT = 9901
WORKER_STRIDE = 100
"""Worker k of a service listens on its base port + 100·k."""

ORDER_EVENTS = "shopmesh.order.events.v1"
USER_EVENTS = "shopmesh.user.events.v1"
INVENTORY_EVENTS = "shopmesh.inventory.events.v1"
READER_EVENTS = "shopmesh.readers.v1"
"""Which versions of events the services read."""
TOPICS = (ORDER_EVENTS, USER_EVENTS, INVENTORY_EVENTS, READER_EVENTS)

API_AUDIENCE = "shopmesh-api"
"""The audience of users' tokens and of clients outside the mesh."""


def grpc_port(service: str, worker: int = 0, offset: int = 0) -> int:
    return _GRPC_PORTS[service] + WORKER_STRIDE * worker + offset


def http_port(service: str, worker: int = 0, offset: int = 0) -> int:
    """Where a service's plain HTTP endpoints listen."""
    return _HTTP_PORTS[service] + WORKER_STRIDE * worker + offset


def metrics_port(service: str, worker: int = 0, offset: int = 0) -> int:
    """Where a service's Prometheus metrics are: its gRPC port + 1000."""
    return grpc_port(service, worker, offset) + 1000


def service_audience(service: str) -> str:
    """The audience of a token with which one service calls another."""
    return f"shopmesh-{service}"
