"""The chain of HTTP filters: the order is the precedence of refusals.

429 by address, (the router's 404 and 405, whose routes run nothing else), 401,
413, 415, 400 of the JSON, then the service.
"""

from collections.abc import Mapping

from mesh.contract import Contract, LimitClass, Method
from mesh.contract.bounds import MOST_BODY_BYTES, most_body_bytes
from mesh.render.envoy.cors import cors_filter
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.headers import response_cleaner
from mesh.render.envoy.jwt import jwt_filter
from mesh.render.envoy.local_rate_limits import class_limits, edge_limit
from mesh.render.envoy.local_replies import TOO_LONG
from mesh.render.envoy.session import csrf_filter, oauth2_filter, session_end_filter
from mesh.render.envoy.strict_body import strict, strict_body_filter
from mesh.render.envoy.xds import Config, http_filter, on, typed

BUFFER = "envoy.filters.http.buffer"
BODY_LENGTH = "shopmesh.body_length"
JSON_ONLY = "shopmesh.json_only"
TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
COMPRESSOR = "envoy.filters.http.compressor"

MAX_RESPONSE_BYTES = 16_777_216
_ANY_LENGTH = 2**62
_RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"
_COMPRESSED = (
    "application/json",
    "application/javascript",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
    "image/svg+xml",
)


def http_filters(contract: Contract, limits: Mapping[str, LimitClass], door: FrontDoor) -> list[Config]:
    """The filters, the first to see a request first."""
    return [
        edge_limit(limits),
        cors_filter(),
        _compressor(),
        response_cleaner(),
        session_end_filter(),
        *class_limits(contract, limits),
        csrf_filter(),
        oauth2_filter(door),
        jwt_filter(door),
        http_filter(
            BUFFER,
            "envoy.extensions.filters.http.buffer.v3.Buffer",
            {"max_request_bytes": MOST_BODY_BYTES},
            disabled=True,
        ),
        http_filter(BODY_LENGTH, _RBAC, {"rules": _longer_than(MOST_BODY_BYTES)}, disabled=True),
        _json_only(),
        strict_body_filter(method for method in contract.methods if has_body(method)),
        _transcoder(contract, door),
        http_filter(
            "envoy.filters.http.router",
            "envoy.extensions.filters.http.router.v3.Router",
            {"suppress_envoy_headers": True},
        ),
    ]


def has_body(method: Method) -> bool:
    """Whether a method has a binding with a JSON body."""
    return method.binding is not None and bool(method.binding.body)


def transcoded(method: Method, *, body: bool) -> dict[str, Config]:
    """What the route of a binding enables."""
    if not body:
        return {BUFFER: on(), BODY_LENGTH: on(), TRANSCODER: on()}
    judged = strict(method) if has_body(method) else {}
    return {**bounded_body(most_body_bytes(method.input)), JSON_ONLY: on(), **judged, TRANSCODER: on()}


def bounded_body(most_bytes: int) -> dict[str, Config]:
    """What a route enables whose bodies are bounded: over it 413."""
    bound = typed(
        "envoy.extensions.filters.http.buffer.v3.BufferPerRoute",
        {"buffer": {"max_request_bytes": most_bytes}},
    )
    rules = {"rbac": {"rules": _longer_than(most_bytes)}}
    return {
        BUFFER: bound,
        BODY_LENGTH: typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", rules),
    }


def _longer_than(most_bytes: int) -> Config:
    """Refuses a longer body: the buffer filter lets one through whose end comes with what is too much.

    It has set the length where the client did not.
    """
    longer = {"start": most_bytes + 1, "end": _ANY_LENGTH}
    permission = {"header": {"name": "content-length", "range_match": longer}}
    return {
        "action": "DENY",
        "policies": {TOO_LONG: {"permissions": [permission], "principals": [{"any": True}]}},
    }


def _transcoder(contract: Contract, door: FrontDoor) -> Config:
    return http_filter(
        TRANSCODER,
        "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        {
            "proto_descriptor": str(door.descriptor_set),
            "services": list(
                dict.fromkeys(method.service for method in contract.methods if method.binding is not None)
            ),
            # The route decides; else a JSON-less caller could reach any method by its gRPC path.
            "match_incoming_request_route": True,
            "convert_grpc_status": True,
            "query_param_unescape_plus": True,
            "request_validation_options": {
                "reject_unknown_method": False,
                "reject_unknown_query_parameters": True,
                "reject_binding_body_field_collisions": True,
            },
            "print_options": {"always_print_primitive_fields": True, "stream_sse_style_delimited": True},
            "max_request_body_size": MOST_BODY_BYTES,
            "max_response_body_size": MAX_RESPONSE_BYTES,
        },
        disabled=True,
    )


def _json_only() -> Config:
    """Refuses a body that is not JSON; a request without a body needs no content type."""
    json = {"header": {"name": "content-type", "string_match": {"safe_regex": {"regex": _JSON}}}}
    no_type = {"not_rule": {"header": {"name": "content-type", "present_match": True}}}
    # The buffer filter has set the length when the client did not.
    no_body = {
        "or_rules": {
            "rules": [
                {"not_rule": {"header": {"name": "content-length", "present_match": True}}},
                {"header": {"name": "content-length", "string_match": {"exact": "0"}}},
            ]
        }
    }
    acceptable = {"or_rules": {"rules": [json, {"and_rules": {"rules": [no_type, no_body]}}]}}
    policy = {"permissions": [acceptable], "principals": [{"any": True}]}
    return http_filter(
        JSON_ONLY,
        _RBAC,
        {"rules": {"action": "ALLOW", "policies": {"json": policy}}},
        disabled=True,
    )


_JSON = r"(?i)application/json\s*(;.*)?"


def _compressor() -> Config:
    """Compresses texts; never a stream of events, whose messages would wait for each other."""
    library = {
        "name": "gzip",
        "typed_config": typed(
            "envoy.extensions.compression.gzip.compressor.v3.Gzip",
            {"compression_level": "COMPRESSION_LEVEL_1"},
        ),
    }
    return http_filter(
        COMPRESSOR,
        "envoy.extensions.filters.http.compressor.v3.Compressor",
        {
            "response_direction_config": {
                "common_config": {
                    "min_content_length": 1024,
                    "content_type_matcher": [{"prefix": content_type} for content_type in _COMPRESSED],
                }
            },
            "compressor_library": library,
        },
    )
