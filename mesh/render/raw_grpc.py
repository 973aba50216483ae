"""Raw gRPC at the public port: 404, like anything that is not bound.

Envoy itself answers a refused gRPC request with HTTP 200 and a trailer. So such
requests go, without their content type, to a listener inside Envoy that refuses
everything.
"""

from mesh.render.errors import local_replies
from mesh.render.jwt import no_token
from mesh.render.xds import Config, duration, http_filter, typed

NAME = "raw_grpc"


def route() -> Config:
    """Catches every request that says it is gRPC."""
    grpc = {"name": "content-type", "string_match": {"prefix": "application/grpc", "ignore_case": True}}
    return {
        "name": NAME,
        "match": {"prefix": "/", "headers": [grpc]},
        "route": {"cluster": NAME, "timeout": duration(5)},
        "request_headers_to_remove": ["content-type", "te"],
        "typed_per_filter_config": no_token(),
    }


def cluster() -> Config:
    """Leads to the listener inside."""
    endpoint = {"endpoint": {"address": {"envoy_internal_address": {"server_listener_name": NAME}}}}
    return {
        "name": NAME,
        "type": "STATIC",
        "connect_timeout": duration(1),
        "load_assignment": {"cluster_name": NAME, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def listener() -> Config:
    """Refuses everything with the same body as the public listener."""
    refused = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        {
            "stat_prefix": NAME,
            "local_reply_config": local_replies(),
            "http_filters": [
                http_filter("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", {})
            ],
            "route_config": {
                "name": NAME,
                "virtual_hosts": [{"name": NAME, "domains": ["*"], "routes": [refused]}],
            },
        },
    )
    return {
        "name": NAME,
        "internal_listener": {},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def bootstrap_extension() -> Config:
    """Makes listeners inside Envoy possible."""
    return {
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": typed("envoy.extensions.bootstrap.internal_listener.v3.InternalListener"),
    }
