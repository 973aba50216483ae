"""Envoy's own refusals as `google.rpc.Status` JSON, like those of the services."""

from dataclasses import dataclass, field
from typing import Any

from mesh.render.envoy.reply_pages import LANGUAGES, reply_page, wanted_by
from mesh.render.envoy.xds import Config, header, typed

_BODY = "%LOCAL_REPLY_BODY%"
_TRACE_ID = "%RESP(X-TRACE-ID)%"
_DOMAIN = "shopmesh"
TOO_LONG = "too_long"
"""The policy by which bodies are refused for their length."""
_TOO_LARGE = "the body is longer than this method takes"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one kind of local reply looks.

    Attributes:
        status: The HTTP status that Envoy would answer.
        code: The number of the gRPC status.
        reason: ErrorInfo's reason.
        message: For people; may use Envoy's format commands.
        details: Regular expression on Envoy's response code details; None: any.
        becomes: The HTTP status that is answered instead; None: the same.
        more: Further details beside ErrorInfo.
    """

    status: int
    code: int
    reason: str
    message: str
    details: str | None = None
    becomes: int | None = None
    more: tuple[Config, ...] = field(default=())


_RETRY = typed("google.rpc.RetryInfo", {"retryDelay": "%RESP(RETRY-AFTER)%s"})
_WAIT = typed("google.rpc.RetryInfo", {"retryDelay": "1s"})
_KNOWN_BY = typed("google.rpc.RequestInfo", {"requestId": _TRACE_ID})

_BROWSERS_FIRST = tuple(sorted(LANGUAGES, key=lambda language: language == "en"))
"""The first mapper that matches counts, and English is for every browser."""
_AS_IT_IS = "lua_response"
"""What Envoy says of an answer that a script has made: a `google.rpc.Status` already."""

REFUSALS = (
    Refusal(400, 3, "INVALID_REQUEST", _BODY, "(early_)?grpc_json_transcode"),
    Refusal(400, 3, "INVALID_REQUEST", "the path, a header or the framing of the request is not allowed"),
    Refusal(401, 16, "TOKEN_REQUIRED", "an access token is required", "jwt_authn_.*Jwt_is_missing"),
    Refusal(
        401,
        14,
        "AUTH_KEYS_UNAVAILABLE",
        "there are no keys to verify the access token with",
        "jwt_authn_.*(Jwks_remote|Jwks_is_an_invalid|Jwks_does_not_have|keys.*in_Jwks|any_valid_public_key)",
        becomes=503,
    ),
    Refusal(401, 16, "TOKEN_INVALID", f"the access token is refused: {_BODY}", "jwt_authn_"),
    Refusal(401, 16, "SESSION_ENDED", "the session has ended; log in again"),
    # What Envoy says to a wrong audience.
    Refusal(403, 16, "TOKEN_INVALID", f"the access token is refused: {_BODY}", "jwt_authn_", becomes=401),
    Refusal(403, 3, "BODY_TOO_LARGE", _TOO_LARGE, f"rbac_access_denied.*{TOO_LONG}", becomes=413),
    Refusal(
        403,
        3,
        "UNSUPPORTED_MEDIA_TYPE",
        "the body has to be application/json",
        "rbac_access_denied",
        becomes=415,
    ),
    Refusal(
        403, 7, "FORGED_REQUEST", "a write with the session cookie needs the page's origin and its header"
    ),
    Refusal(404, 5, "ROUTE_NOT_FOUND", "there is nothing at this path"),
    Refusal(405, 12, "METHOD_NOT_ALLOWED", "this path has no such method; Allow names those it has"),
    Refusal(408, 4, "REQUEST_TIMEOUT", "the request did not arrive in time"),
    Refusal(413, 3, "BODY_TOO_LARGE", _TOO_LARGE),
    Refusal(426, 9, "UPGRADE_REQUIRED", "this version of HTTP is not spoken here"),
    Refusal(
        429,
        8,
        "RATE_LIMITED",
        "too many requests from this address; try again in %RESP(RETRY-AFTER)% s",
        more=(_RETRY,),
    ),
    Refusal(431, 3, "HEADERS_TOO_LARGE", "the header fields are too large"),
    Refusal(500, 13, "INTERNAL", f"internal error, trace id {_TRACE_ID}", more=(_KNOWN_BY,)),
    Refusal(
        502,
        14,
        "UNAVAILABLE",
        f"the service gave no usable answer, trace id {_TRACE_ID}",
        becomes=503,
        more=(_WAIT, _KNOWN_BY),
    ),
    Refusal(
        503,
        8,
        "OVERLOADED",
        "as many calls are being answered as can be at the same time; try again in 1 s",
        "upstream_reset_before_response_started.overflow",
        becomes=429,
        more=(_WAIT,),
    ),
    Refusal(
        503,
        14,
        "UNAVAILABLE",
        f"the service cannot be reached now, trace id {_TRACE_ID}",
        more=(_WAIT, _KNOWN_BY),
    ),
    Refusal(
        504,
        4,
        "DEADLINE_EXCEEDED",
        f"the service did not answer in time, trace id {_TRACE_ID}",
        more=(_KNOWN_BY,),
    ),
)
"""Every local reply; of several for one status the first that matches counts."""


def local_replies() -> Config:
    """HCM's `local_reply_config`: pages for browsers, JSON for programs."""
    pages = (_page(refusal, language) for language in _BROWSERS_FIRST for refusal in REFUSALS)
    return {"mappers": [_of_script(), *pages, *(_mapper(refusal) for refusal in REFUSALS)]}


def _of_script() -> Config:
    body = {"text_format_source": {"inline_string": _BODY}, "content_type": "application/json"}
    script = Refusal(400, 3, "", "", _AS_IT_IS)
    return {"filter": _all(_matching(script)), "body_format_override": body}


def _mapper(refusal: Refusal) -> Config:
    mapper: Config = {
        "filter": _all(_matching(refusal)),
        "body_format_override": _body(refusal),
        "headers_to_add": _retry_after(refusal),
    }
    return {**mapper, "status_code": refusal.becomes} if refusal.becomes else mapper


def _page(refusal: Refusal, language: str) -> Config:
    shown = reply_page(refusal.becomes or refusal.status, language)
    mapper: Config = {
        **shown,
        "filter": _all([*_matching(refusal), *wanted_by(language)]),
        "headers_to_add": [*_retry_after(refusal), *shown["headers_to_add"]],
    }
    return {**mapper, "status_code": refusal.becomes} if refusal.becomes else mapper


def _retry_after(refusal: Refusal) -> list[Config]:
    return [header("retry-after", "1")] if _WAIT in refusal.more else []


def _all(filters: list[Config]) -> Config:
    return filters[0] if len(filters) == 1 else {"and_filter": {"filters": filters}}


def _matching(refusal: Refusal) -> list[Config]:
    status_code, details = refusal.status, refusal.details
    status: Config = {
        "status_code_filter": {
            "comparison": {
                "op": "EQ",
                "value": {"default_value": status_code, "runtime_key": f"local_reply.{status_code}"},
            }
        }
    }
    if details is None:
        return [status]
    expression = f"response.code_details.matches('^{details}')"
    cel = typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", {"expression": expression})
    extension = {"name": "envoy.access_loggers.extension_filters.cel", "typed_config": cel}
    return [status, {"extension_filter": extension}]


def _body(refusal: Refusal) -> dict[str, Any]:
    info = typed("google.rpc.ErrorInfo", {"reason": refusal.reason, "domain": _DOMAIN, "metadata": {}})
    return {
        "json_format": {"code": refusal.code, "message": refusal.message, "details": [info, *refusal.more]},
        "content_type": "application/json",
    }
