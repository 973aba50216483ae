"""A listener inside Envoy, which only Envoy itself reaches.

It gives the key file to the JWT filter, which reads a file once but asks a
server again and again: so rotated keys count at once, with the user service
down too. And it refuses raw gRPC with 404, like anything that is not bound:
Envoy's own answer to a refused gRPC request would be HTTP 200 with a trailer.
"""

from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.local_replies import local_replies
from mesh.render.envoy.xds import Config, duration, http_filter, typed

NAME = "inner"
KEYS_PATH = "/jwks.json"
_LARGEST_KEY_FILE_BYTES = 65_536


def raw_grpc_route() -> Config:
    """Catches every request that says it is gRPC; the inner listener must not know that."""
    grpc = {"name": "content-type", "string_match": {"prefix": "application/grpc", "ignore_case": True}}
    return {
        "name": "raw gRPC",
        "match": {"prefix": "/", "headers": [grpc]},
        "route": {"cluster": NAME, "timeout": duration(5), "prefix_rewrite": "/refused/"},
        "request_headers_to_remove": ["content-type", "te"],
    }


def cluster() -> Config:
    """Leads to the inner listener."""
    endpoint = {"endpoint": {"address": {"envoy_internal_address": {"server_listener_name": NAME}}}}
    return {
        "name": NAME,
        "type": "STATIC",
        "connect_timeout": duration(1),
        "load_assignment": {"cluster_name": NAME, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def listener(door: FrontDoor) -> Config:
    """Answers the keys, and 404 with the same body as the public listener."""
    keys = {"filename": str(door.jwks), "watched_directory": {"path": str(door.jwks.parent)}}
    routes = [
        {"match": {"path": KEYS_PATH}, "direct_response": {"status": 200, "body": keys}},
        {"match": {"prefix": "/"}, "direct_response": {"status": 404}},
    ]
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
                "max_direct_response_body_size_bytes": _LARGEST_KEY_FILE_BYTES,
                "virtual_hosts": [{"name": NAME, "domains": ["*"], "routes": routes}],
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
