"""Where requests go: one cluster per service, its workers as endpoints."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from mesh.contract import Contract, LimitClass, Method
from mesh.render.envoy import internal_listener
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.tracing import COLLECTOR, NO_COLLECTOR
from mesh.render.envoy.xds import Config, address, duration, typed
from mesh.topology import HTTP_SERVICES, SERVICES, grpc_port, http_port

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
BOUNDED = "HIGH"
"""The second set of Envoy's circuit breakers, with connections of its own; no call goes before others."""
_WELL_SECONDS = 2
"""How often a worker is asked for its health that answered it was well; a stopping one waits longer."""
_BROKEN_SECONDS = 1
_KEEP_ALIVE_SECONDS = 3
"""Shorter than the HTTP server's own 5 s, so that Envoy never uses a connection that is being closed."""


def http_cluster(service: str) -> str:
    """The name of the cluster of a service's HTTP port."""
    return f"{service}_http"


def clusters(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> list[Config]:
    """All upstreams of the front proxy."""
    services = [
        _grpc_cluster(service, door, bounded=_most_bounded(service, contract, limits)) for service in SERVICES
    ]
    collector = _collector(door.otlp_endpoint) if door.otlp_endpoint else _no_collector()
    over_http = [_http_cluster(service, door) for service in HTTP_SERVICES]
    return [*services, *over_http, internal_listener.cluster(), collector]


def is_bounded(method: Method, limits: Mapping[str, LimitClass]) -> bool:
    """Whether only so many calls of a method's class are answered at the same time."""
    return limits[method.policy.limit_class].max_concurrent_calls > 0


def _most_bounded(service: str, contract: Contract, limits: Mapping[str, LimitClass]) -> int:
    """How many calls of bounded classes one worker answers at the same time; 0: there are none."""
    of_service = (method for method in contract.methods if method.mesh_service == service)
    classes = {method.policy.limit_class for method in of_service if is_bounded(method, limits)}
    return sum(limits[name].max_concurrent_calls for name in classes)


def _grpc_cluster(service: str, door: FrontDoor, *, bounded: int) -> Config:
    ports = [grpc_port(service, worker, door.port_offset) for worker in range(door.workers)]
    return {
        **_cluster(service, ports),
        # A busy service would refuse late what is refused here at once, and keep others waiting.
        "circuit_breakers": {"thresholds": [_threshold(), _bounded_threshold(bounded * door.workers)]},
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(
                _HTTP_OPTIONS,
                {
                    "explicit_http_config": {
                        "http2_protocol_options": {
                            "connection_keepalive": {"interval": duration(30), "timeout": duration(5)},
                            "initial_stream_window_size": 1_048_576,
                            "initial_connection_window_size": 16_777_216,
                        }
                    }
                },
            )
        },
        "health_checks": [{**_health_check(), "grpc_health_check": {}}],
    }


def _http_cluster(service: str, door: FrontDoor) -> Config:
    ports = [http_port(service, worker, door.port_offset) for worker in range(door.workers)]
    return {
        **_cluster(http_cluster(service), ports),
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(
                _HTTP_OPTIONS,
                {
                    "common_http_protocol_options": {"idle_timeout": duration(_KEEP_ALIVE_SECONDS)},
                    "explicit_http_config": {"http_protocol_options": {}},
                },
            )
        },
        "health_checks": [{**_health_check(), "tcp_health_check": {}}],
    }


def _cluster(name: str, ports: list[int]) -> Config:
    endpoints = [{"endpoint": {"address": address(port)}} for port in ports]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": duration(1),
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        # With nobody healthy all are tried: checks that time out under load must not take a service away,
        # and who is really away refuses at once.
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "outlier_detection": _outlier_detection(),
        "circuit_breakers": {"thresholds": [_threshold()]},
        "per_connection_buffer_limit_bytes": 1_048_576,
    }


def _health_check() -> Config:
    return {
        "timeout": duration(2),
        "interval": duration(_WELL_SECONDS),
        "unhealthy_interval": duration(_BROKEN_SECONDS),
        "no_traffic_interval": duration(_BROKEN_SECONDS),
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "no_traffic_healthy_interval": duration(_WELL_SECONDS),
        "always_log_health_check_failures": False,
    }


def _outlier_detection() -> Config:
    """Puts aside only a worker that cannot be reached: errors that one answers may be a peer's."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 5,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "interval": duration(2),
        "base_ejection_time": duration(2),
        "max_ejection_time": duration(10),
        "max_ejection_percent": 50,
    }


def _threshold() -> Config:
    return {
        "max_connections": 256,
        "max_pending_requests": 1024,
        "max_requests": 4096,
        "max_retries": 64,
        "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 8},
        "track_remaining": True,
    }


def _bounded_threshold(most: int) -> Config:
    """Of the routes with `BOUNDED`, which are those of bounded classes."""
    return {**_threshold(), "priority": BOUNDED, **({"max_requests": most} if most else {})}


def _no_collector() -> Config:
    return {"name": NO_COLLECTOR, "type": "STATIC", "load_assignment": {"cluster_name": NO_COLLECTOR}}


def _collector(endpoint: str) -> Config:
    url = urlsplit(endpoint)
    tls = typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {"sni": url.hostname})
    cluster: Config = {
        "name": COLLECTOR,
        "type": "STRICT_DNS",
        "connect_timeout": duration(1),
        "load_assignment": {
            "cluster_name": COLLECTOR,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(url.port or 4317, url.hostname or "")}}]}
            ],
        },
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(_HTTP_OPTIONS, {"explicit_http_config": {"http2_protocol_options": {}}})
        },
    }
    if url.scheme == "https":
        cluster["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": tls}
    return cluster
