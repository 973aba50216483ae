"""The three grants: authorization code with PKCE, client credentials, refresh token.

Authlib's core is synchronous. It runs in a greenlet, in which `await_` waits
for our stores without blocking the event loop.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from sqlalchemy.util import await_

from services.user.adapters.oauth_models_authlib import ProtocolCode, ProtocolRefreshToken
from services.user.domain.account import Account
from services.user.domain.grant import (
    CODE_LIFETIME,
    Code,
    Presentation,
    presentation,
    successor,
)
from services.user.domain.link import digest, new_secret
from services.user.domain.scopes import granted_scopes, scope_set

_ALL_METHODS = ["client_secret_basic", "client_secret_post", "none"]
_LONGEST_NONCE = 500


class RequiredCodeChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE for every client, by S256 only (RFC 9700 §2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's own shape

    def validate_code_challenge(self, grant: Any, redirect_uri: object) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: code_challenge with code_challenge_method=S256")
        super().validate_code_challenge(grant, redirect_uri)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """RFC 6749 §4.1: a code is good for 60 seconds and for one use."""

    TOKEN_ENDPOINT_AUTH_METHODS = _ALL_METHODS

    def generate_authorization_code(self) -> str:
        return new_secret()

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        # Authlib's own message repeats the URI, and stumbles over what an error text may not hold.
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("redirect_uri is missing, or is not one of the client's")
        return str(redirect_uri)

    def save_authorization_code(self, code: str, request: Any) -> None:
        server, data = self.server, request.payload.data
        allowed = granted_scopes(scope_set(data.get("scope")), request.user.scopes)
        if not allowed:
            raise InvalidScopeError(redirect_uri=data["redirect_uri"])
        if len(data.get("nonce", "")) > _LONGEST_NONCE:
            raise InvalidRequestError(
                f"nonce is longer than {_LONGEST_NONCE} characters", redirect_uri=data["redirect_uri"]
            )
        stored = Code(
            code_hash=digest(code),
            family_id=server.new_id(),
            sid=server.login_session.sid,
            client_id=request.client.get_client_id(),
            user_id=request.user.user_id,
            redirect_uri=data["redirect_uri"],
            scopes=allowed,
            nonce=data.get("nonce", ""),
            code_challenge=data["code_challenge"],
            auth_time=server.login_session.auth_time,
            expire_time=server.now + CODE_LIFETIME,
        )
        await_(server.unit.grants.add_code(stored))

    def query_authorization_code(self, code: str, client: Any) -> ProtocolCode | None:
        found = await_(self.server.unit.grants.find_code(digest(code)))
        if found is None or found.client_id != client.get_client_id():
            return None
        return ProtocolCode(found)

    def authenticate_user(self, authorization_code: ProtocolCode) -> Account | None:
        """Use the code up. A second valid request ends what the first one got (ASVS 5, 10.4.2)."""
        code, server = authorization_code.code, self.server
        if not await_(server.unit.grants.use_code(code.code_hash, at=server.now)):
            await_(server.end_family(code.family_id))
            raise InvalidGrantError("code was used already, or is older than 60 seconds")
        account: Account | None = await_(server.find_account(code.user_id))
        return account

    def generate_token(self, user: Account, scope: str, **_: object) -> dict[str, Any]:
        token: dict[str, Any] = await_(self.server.issue_first(user, self.request.authorization_code.code))
        return token

    def delete_authorization_code(self, authorization_code: ProtocolCode) -> None:
        """It was used up before; its row distinguishes a reuse from an unknown code."""


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """RFC 6749 §6 with rotation: one successor, the same for every repeat within ten seconds."""

    TOKEN_ENDPOINT_AUTH_METHODS = _ALL_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> ProtocolRefreshToken | None:
        found: ProtocolRefreshToken | None = await_(self.server.find_refresh_token(refresh_token))
        return found if found is not None and found.is_alive else None

    def authenticate_user(self, refresh_token: ProtocolRefreshToken) -> Account | None:
        account: Account | None = await_(self.server.find_account(refresh_token.family.user_id))
        return account

    def issue_token(self, user: Account, refresh_token: ProtocolRefreshToken) -> dict[str, Any]:
        """Rotate, or end the family of a token that was used by somebody else."""
        self._rotate(refresh_token)
        wanted = scope_set(self.request.payload.scope) or refresh_token.family.scopes
        token: dict[str, Any] = await_(
            self.server.issue_next(
                user,
                refresh_token.family,
                wanted,
                successor(refresh_token.token, server_key=self.server.server_key),
            )
        )
        return token

    def revoke_old_credential(self, refresh_token: ProtocolRefreshToken) -> None:
        """It was used up before its successor was issued."""

    def _rotate(self, presented: ProtocolRefreshToken) -> None:
        server = self.server
        stored = server.unit.grants
        if await_(stored.use_refresh_token(presented.token_hash, at=server.now)):
            following = successor(presented.token, server_key=server.server_key)
            await_(stored.add_refresh_token(digest(following), presented.family.family_id))
            return
        used_time = await_(stored.used_time(presented.token_hash))
        if presentation(used_time, at=server.now) is Presentation.REUSE:
            await_(server.end_family(presented.family.family_id))
            raise InvalidGrantError("refresh_token was used already; log in again")


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """RFC 6749 §4.4: for the services of the mesh, and for outside systems."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]  # noqa: RUF012

    def validate_requested_scope(self) -> None:
        if not scope_set(self.request.payload.scope) <= self.request.client.client.scopes:
            raise InvalidScopeError

    def generate_token(self, scope: str | None, **_: object) -> dict[str, Any]:
        client = self.request.client.client
        token: dict[str, Any] = self.server.issue_to_client(
            client, scope_set(scope) or client.scopes, self.request.payload
        )
        return token
