"""The public listener: hardened as Envoy's guide for edge proxies says."""

from collections.abc import Mapping

from mesh.contract import Contract, LimitClass
from mesh.render.envoy.access_log import access_logs
from mesh.render.envoy.client_address import client_address
from mesh.render.envoy.filters import http_filters
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.headers import early_mutations
from mesh.render.envoy.local_replies import local_replies
from mesh.render.envoy.routes import route_configuration
from mesh.render.envoy.tracing import tracing
from mesh.render.envoy.xds import Config, address, duration, typed

_BUFFER_BYTES = 1_048_576
_NOBODY = {"address_prefix": "192.0.2.1", "prefix_len": 32}
"""An address of documentation's own network (RFC 5737); an empty list would mean all private networks."""


def public_listener(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> Config:
    """HTTP/1.1 and HTTP/2 on loopback."""
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        {
            "stat_prefix": "public",
            "codec_type": "AUTO",
            **client_address(door),
            **_hardening(),
            "early_header_mutation_extensions": early_mutations(door),
            "tracing": tracing(door),
            "access_log": access_logs(),
            "local_reply_config": local_replies(),
            "http_filters": http_filters(contract, limits, door),
            "route_config": route_configuration(contract, limits, door),
        },
    )
    return {
        "name": "public",
        "address": address(door.port),
        # A second proxy on the port has to fail, not to share it.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _hardening() -> Config:
    return {
        # Nobody is internal: headers that only the mesh may set are taken from everybody.
        "internal_address_config": {"unix_sockets": False, "cidr_ranges": [_NOBODY]},
        "server_name": "shopmesh",
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "strip_trailing_host_dot": True,
        # A service gets the path twice and takes 32 KiB of metadata.
        "max_request_headers_kb": 14,
        "common_http_protocol_options": {
            "idle_timeout": duration(300),
            "max_headers_count": 100,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
            "connection_keepalive": {"interval": duration(60), "timeout": duration(10)},
        },
        "request_headers_timeout": duration(10),
        "request_timeout": duration(30),
        "stream_idle_timeout": duration(60),
        "drain_timeout": duration(5),
        "delayed_close_timeout": duration(1),
    }
