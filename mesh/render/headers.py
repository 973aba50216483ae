"""Headers that the front proxy takes away, sets, or allows."""

from mesh.render.session import CSRF_HEADER
from mesh.render.xds import Config, header, typed

CLIENT_ADDRESS = "x-shopmesh-client-address"
EDGE_PROOF = "x-shopmesh-edge"
EDGE_SECRET_VARIABLE = "SHOPMESH_EDGE_SECRET"  # noqa: S105 - the variable's name
"""Services believe the client's address only beside this secret, which only Envoy and they know."""

_ADDRESS = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
_SPOOFABLE = ("x-shopmesh-", "x-envoy-", "x-forwarded-", "grpc-")
_LOOPBACK_ORIGIN = r"http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"


def early_mutations() -> list[Config]:
    """Takes away what only the mesh itself may say, before anything reads it.

    Headers that end in `-bin` have to be base64 in gRPC: a malformed one would
    break the stream instead of being refused.
    """
    prefixes = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _SPOOFABLE]
    binary = {"remove_on_match": {"key_matcher": {"suffix": "-bin"}}}
    mutation = typed(
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        {"mutations": [*prefixes, binary]},
    )
    return [{"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": mutation}]


def request_headers() -> list[Config]:
    """What every upstream is told."""
    return [
        header(CLIENT_ADDRESS, _ADDRESS),
        header(EDGE_PROOF, f"%ENVIRONMENT({EDGE_SECRET_VARIABLE})%"),
        header("x-forwarded-for", _ADDRESS),
    ]


def removed_request_headers() -> list[str]:
    return ["forwarded", "x-real-ip", "x-original-url", "x-rewrite-url"]


def response_headers() -> list[Config]:
    """Security headers of every answer; a service's own policy for its pages stays."""
    absent = "ADD_IF_ABSENT"
    return [
        header("x-trace-id", "%TRACE_ID%"),
        header("x-content-type-options", "nosniff"),
        header("x-frame-options", "DENY"),
        header("referrer-policy", "no-referrer", absent),
        header("cross-origin-opener-policy", "same-origin"),
        header("cross-origin-resource-policy", "same-origin", absent),
        header("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        header("content-security-policy", "default-src 'none'; frame-ancestors 'none'", absent),
        header("cache-control", "no-store", absent),
    ]


def removed_response_headers() -> list[str]:
    """What gRPC needs and REST callers do not."""
    return ["grpc-status", "grpc-message", "grpc-accept-encoding", "grpc-encoding", "grpc-status-details-bin"]


def cors() -> Config:
    """Pages in development on other loopback ports may call with a token of their own, never with the cookie."""
    return typed(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        {
            "allow_origin_string_match": [{"safe_regex": {"regex": _LOOPBACK_ORIGIN}}],
            "allow_methods": "GET, POST, PATCH, DELETE",
            "allow_headers": f"authorization, content-type, traceparent, x-consistency-token, {CSRF_HEADER}",
            "expose_headers": "x-consistency-token, x-trace-id, retry-after",
            "max_age": "600",
        },
    )
