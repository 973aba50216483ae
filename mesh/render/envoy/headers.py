"""Headers that the front proxy takes away, sets, or allows."""

from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.xds import Config, header, http_filter, typed

CLIENT_ADDRESS = "x-shopmesh-client-address"
EDGE_PROOF = "x-shopmesh-edge"
EDGE_SECRET_VARIABLE = "SHOPMESH_EDGE_SECRET"  # noqa: S105 - the variable's name
"""Services believe the client's address only beside this secret, which only Envoy and they know."""

_ADDRESS = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
_FORWARDED = "x-forwarded-"
_SPOOFABLE = ("x-shopmesh-", "x-envoy-", _FORWARDED, "grpc-")
_FORWARDED_BUT_FOR = f"{_FORWARDED}(|f|fo|[^f].*|f[^o].*|fo[^r].*|for.+)"
"""All but x-forwarded-for; RE2 has no look-ahead."""

_KEPT_TRACE = "x-shopmesh-trace"
_TRACE = "request.headers['traceparent']"
# In pieces: an expression as a whole would be over RE2's limit for CEL.
_IS_TRACE = " && ".join(
    (
        "'traceparent' in request.headers",
        f"size({_TRACE}) == 55",
        f"{_TRACE}.matches('^00-[0-9a-f]{{32}}-')",
        f"{_TRACE}.matches('-[0-9a-f]{{16}}-[0-9a-f]{{2}}$')",
        f"!{_TRACE}.matches('^00-0+-')",
        f"!{_TRACE}.matches('-0+-..$')",
    )
)


def early_mutations(door: FrontDoor) -> list[Config]:
    """Takes away what only the mesh itself may say, before anything reads it.

    With proxies in front of this one X-Forwarded-For stays, for `client_address`, and no other header.
    Headers that end in `-bin` have to be base64 in gRPC: a malformed one would
    break the stream instead of being refused.
    """
    spoofable = [_spoofable(prefix, door) for prefix in _SPOOFABLE]
    binary = {"suffix": "-bin"}
    removed = [{"remove_on_match": {"key_matcher": matcher}} for matcher in (*spoofable, binary)]
    mutation = typed(
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        {"mutations": [*removed, *_set_by_envoy(door), *_valid_trace_only()]},
    )
    return [{"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": mutation}]


def _spoofable(prefix: str, door: FrontDoor) -> Config:
    if prefix == _FORWARDED and door.trusted_proxies:
        return {"safe_regex": {"regex": _FORWARDED_BUT_FOR}}
    return {"prefix": prefix}


def _set_by_envoy(door: FrontDoor) -> list[Config]:
    """Where the client's address is not the peer's, Envoy would keep a caller's request id."""
    return [] if isinstance(door.trusted_proxies, int) else [{"remove": "x-request-id"}]


def _valid_trace_only() -> list[Config]:
    """Keeps a well-formed `traceparent` only; with a malformed one Envoy would trace nothing."""
    absent = "ADD_IF_ABSENT"
    return [
        {"append": header(_KEPT_TRACE, f"%CEL({_IS_TRACE} ? {_TRACE} : '')%", absent)},
        {"remove": "traceparent"},
        {"append": header("traceparent", f"%REQ({_KEPT_TRACE})%", absent)},
        {"remove": _KEPT_TRACE},
    ]


def request_headers() -> list[Config]:
    """Headers that every upstream gets."""
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


def response_cleaner() -> Config:
    """A filter that takes away what gRPC needs and REST callers do not, after the transcoder has read it."""
    names = ("grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-accept-encoding")
    return http_filter(
        "shopmesh.response_cleaner",
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        {"mutations": {"response_mutations": [{"remove": name} for name in names]}},
    )
