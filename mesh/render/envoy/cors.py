"""Cross-origin calls: pages in development on other loopback ports, with a token of their own.

The session's cookies never work from there: credentials are not allowed.
"""

from mesh.render.envoy import internal_listener
from mesh.render.envoy.jwt import no_token
from mesh.render.envoy.session import CSRF_HEADER
from mesh.render.envoy.xds import Config, http_filter, typed

NAME = "envoy.filters.http.cors"
_ORIGIN = {"safe_regex": {"regex": r"http://(localhost|127\.0\.0\.1)(:[0-9]+)?"}}


def cors_filter() -> Config:
    """Answers preflights and marks answers."""
    return http_filter(NAME, "envoy.extensions.filters.http.cors.v3.Cors", {})


def policy() -> dict[str, Config]:
    """Which pages may do what; for the virtual host."""
    cors = typed(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        {
            "allow_origin_string_match": [_ORIGIN],
            "allow_methods": "GET, POST, PATCH, DELETE",
            "allow_headers": f"authorization, content-type, traceparent, x-consistency-token, {CSRF_HEADER}",
            "expose_headers": "x-consistency-token, x-trace-id, retry-after",
            "max_age": "600",
        },
    )
    return {NAME: cors}


def preflight_route() -> Config:
    """Lets the filter answer: it looks only at routes that lead to a cluster, which is never reached."""
    return {
        "name": "preflight",
        "match": {
            "prefix": "/v1/",
            "headers": [
                {"name": ":method", "string_match": {"exact": "OPTIONS"}},
                {"name": "access-control-request-method", "present_match": True},
                {"name": "origin", "string_match": _ORIGIN},
            ],
        },
        "route": {"cluster": internal_listener.NAME},
        "typed_per_filter_config": no_token(),
    }
