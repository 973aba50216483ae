"""Tokens at the edge: verified with a key file, so that it works with the user service down."""

from mesh.contract import Access, Method
from mesh.render.envoy import internal_listener
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.xds import Config, duration, http_filter, typed
from mesh.topology import API_AUDIENCE

NAME = "envoy.filters.http.jwt_authn"
REQUIRED = "token"
OPTIONAL = "token_if_sent"
_PROVIDER = "shopmesh"
_CLOCK_SKEW_SECONDS = 10
_KEYS_SECONDS = 1
"""How long keys are believed before the file is looked at again."""


def jwt_filter(door: FrontDoor) -> Config:
    """Verifies signature, issuer, audience and expiry of bearer tokens.

    A route names its requirement; one that names none is caught by the last
    rule and needs a token.
    """
    provider = {
        "issuer": door.origin,
        "audiences": [API_AUDIENCE],
        "remote_jwks": {
            "http_uri": {
                "uri": f"http://{internal_listener.NAME}{internal_listener.KEYS_PATH}",
                "cluster": internal_listener.NAME,
                "timeout": duration(2),
            },
            "cache_duration": duration(_KEYS_SECONDS),
        },
        "from_headers": [
            {"name": "authorization", "value_prefix": scheme} for scheme in ("Bearer ", "bearer ")
        ],
        "forward": True,
        "require_expiration": True,
        "clock_skew_seconds": _CLOCK_SKEW_SECONDS,
        "jwt_cache_config": {"jwt_cache_size": 1000},
    }
    required = {"provider_name": _PROVIDER}
    return http_filter(
        NAME,
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        {
            "providers": {_PROVIDER: provider},
            "requirement_map": {
                REQUIRED: required,
                OPTIONAL: {"requires_any": {"requirements": [required, {"allow_missing": {}}]}},
            },
            "rules": [{"match": {"prefix": "/"}, "requires": required}],
        },
    )


def token_of(method: Method) -> dict[str, Config]:
    """What the route of a method asks for; a token that is sent always has to be good."""
    name = OPTIONAL if method.policy.access is Access.PUBLIC else REQUIRED
    return {
        NAME: typed("envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig", {"requirement_name": name})
    }


def no_token() -> dict[str, Config]:
    """For routes that are answered with, without or with a bad token."""
    return {NAME: typed("envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig", {"disabled": True})}
