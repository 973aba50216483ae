"""What clients can find out about the provider (RFC 8414, OpenID Connect Discovery)."""

from typing import Any

from services.user.domain.client import GrantType
from services.user.domain.scopes import IDENTITY_SCOPES

_SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


def metadata(issuer: str, scopes: frozenset[str]) -> dict[str, Any]:
    """The discovery document; both well-known addresses answer the same one."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "introspection_endpoint": f"{issuer}/oauth2/introspect",
        "userinfo_endpoint": f"{issuer}/oauth2/userinfo",
        "end_session_endpoint": f"{issuer}/oauth2/logout",
        "jwks_uri": f"{issuer}/oauth2/jwks.json",
        "scopes_supported": sorted(scopes | IDENTITY_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant.value for grant in GrantType],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "revocation_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "prompt_values_supported": ["none", "login"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "sid", "nonce", "at_hash"),
            *("email", "email_verified", "name", "locale"),
        ],
        "authorization_response_iss_parameter_supported": True,
    }
