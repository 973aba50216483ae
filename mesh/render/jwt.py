"""Tokens at the edge: verified from a key file, so that it works with the user service down."""

from mesh.contract import Access, Method
from mesh.render.front_door import FrontDoor
from mesh.render.xds import Config, http_filter, typed
from mesh.topology import API_AUDIENCE

NAME = "envoy.filters.http.jwt_authn"
REQUIRED = "token"
OPTIONAL = "token_if_sent"
_PROVIDER = "shopmesh"
_CLOCK_SKEW_SECONDS = 10


def jwt_filter(door: FrontDoor) -> Config:
    """Verifies signature, issuer, audience and expiry of bearer tokens.

    A route names its requirement; one that names none is caught by the last
    rule and needs a token.
    """
    provider = {
        "issuer": door.origin,
        "audiences": [API_AUDIENCE],
        "local_jwks": {"filename": str(door.jwks)},
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
