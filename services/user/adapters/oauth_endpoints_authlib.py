"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from sqlalchemy.util import await_

from services.user.adapters.oauth_models_authlib import ProtocolAccessToken, ProtocolRefreshToken

FoundToken = ProtocolAccessToken | ProtocolRefreshToken


class Revoke(RevocationEndpoint):  # type: ignore[misc]
    """Ends an access token, or a refresh token with its whole family."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]  # noqa: RUF012

    def check_params(self, request: Any, client: Any) -> None:
        _require_token(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> FoundToken | None:
        found: FoundToken | None = await_(self.server.find_token(token_string))
        return found

    def revoke_token(self, token: FoundToken, request: Any) -> None:
        await_(self.server.end_token(token))


class Introspect(IntrospectionEndpoint):  # type: ignore[misc]
    """Describes a token to a client that keeps a secret (RFC 7662)."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012

    def check_params(self, request: Any, client: Any) -> None:
        _require_token(request)

    def check_permission(self, token: FoundToken, client: Any, request: Any) -> bool:
        """Services of the mesh may ask about all tokens, others about their own."""
        return client.client.is_mesh_service or token.check_client(client)

    def query_token(self, token_string: str, token_type_hint: str | None) -> FoundToken | None:
        found: FoundToken | None = await_(self.server.find_token(token_string))
        return found

    def introspect_token(self, token: FoundToken) -> dict[str, Any]:
        if isinstance(token, ProtocolAccessToken):
            return {"token_type": "Bearer", **token.claims}
        family = token.family
        return {
            "token_type": "refresh_token",
            "client_id": family.client_id,
            "sub": family.user_id,
            "scope": token.get_scope(),
            "exp": int(family.expire_time.timestamp()),
        }


def _require_token(request: Any) -> None:
    # token_type_hint is a hint: whatever it says, both kinds are looked for (RFC 7009 §2.1).
    if not request.form.get("token"):
        raise InvalidRequestError("token is missing")
