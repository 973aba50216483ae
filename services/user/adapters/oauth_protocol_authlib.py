"""Authlib's server core, set up for one request within one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error

from mesh.topology import API_AUDIENCE, SERVICES, service_audience
from services.kernel.ids import NewId
from services.user.adapters.oauth_endpoints_authlib import FoundToken, Introspect, Revoke
from services.user.adapters.oauth_grants_authlib import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RequiredCodeChallenge,
)
from services.user.adapters.oauth_models_authlib import (
    Payload,
    ProtocolAccessToken,
    ProtocolClient,
    ProtocolRefreshToken,
    ProtocolRequest,
)
from services.user.adapters.tokens_joserfc import AccessToken, JwtTokens
from services.user.application.ports import ClientRegistry, OAuthAnswer, OAuthRequest, Unit
from services.user.domain.account import Account
from services.user.domain.client import Client
from services.user.domain.errors import UserNotFound
from services.user.domain.grant import (
    FAMILY_LIFETIME,
    SERVICE_TOKEN_LIFETIME,
    USER_TOKEN_LIFETIME,
    Code,
    Family,
    IssuedToken,
    Revocation,
)
from services.user.domain.link import digest, new_secret
from services.user.domain.scopes import IDENTITY_SCOPES
from services.user.domain.session import Session


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The client may not have a token for this audience (RFC 8707 §2)."""

    error = "invalid_target"


@dataclass(frozen=True, slots=True)
class Provider:
    """What all requests share."""

    clients: ClientRegistry
    tokens: JwtTokens
    server_key: bytes = field(repr=False)
    scopes: frozenset[str]
    new_id: NewId


class Protocol(AuthorizationServer):  # type: ignore[misc]
    """One request's protocol run; what it stores, it stores in one transaction."""

    def __init__(self, provider: Provider, unit: Unit, *, now: datetime, session: Session | None) -> None:
        super().__init__(scopes_supported=provider.scopes | IDENTITY_SCOPES)
        self.unit = unit
        self.now = now
        self.login_session = session
        self.new_id = provider.new_id
        self.server_key = provider.server_key
        self._provider = provider
        self.register_grant(AuthorizationCodeGrant, [RequiredCodeChallenge()])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(Revoke)
        self.register_endpoint(Introspect)

    def create_oauth2_request(self, request: OAuthRequest | ProtocolRequest) -> ProtocolRequest:
        if isinstance(request, ProtocolRequest):
            return request
        return ProtocolRequest(request, issuer=self._provider.tokens.issuer)

    def query_client(self, client_id: str) -> ProtocolClient | None:
        client = self._provider.clients.find(client_id)
        return None if client is None else ProtocolClient(client)

    def save_token(self, token: Mapping[str, object], request: ProtocolRequest) -> None:
        """What has to be kept was stored when it was issued."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: Mapping[str, object] | str, headers: list[tuple[str, str]]
    ) -> OAuthAnswer:
        location = dict(headers).get("Location", "")
        if not location:
            assert isinstance(body, Mapping)
            return OAuthAnswer(status, body, tuple(headers))
        # RFC 9207: a client of several servers sees whose answer this is.
        issued = str(add_params_to_uri(location, [("iss", self._provider.tokens.issuer)]))
        return OAuthAnswer(status, {}, tuple(headers), location=issued)

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> OAuthAnswer:
        answer: OAuthAnswer = super().handle_error_response(request, error)
        return replace(answer, error=error.error)

    async def find_account(self, user_id: str) -> Account | None:
        try:
            account = await self.unit.accounts.get(user_id)
        except UserNotFound:
            return None
        return account if account.may_log_in else None

    async def find_refresh_token(self, token: str) -> ProtocolRefreshToken | None:
        token_hash = digest(token)
        family = await self.unit.grants.family_of(token_hash)
        if family is None:
            return None
        return ProtocolRefreshToken(token, token_hash, family, family.is_alive(self.now))

    async def find_token(self, token: str) -> FoundToken | None:
        claims = self._provider.tokens.read(token)
        if claims is None:
            return await self.find_refresh_token(token)
        revoked = await self.unit.revocations.is_revoked(claims)
        return ProtocolAccessToken(claims, revoked)

    async def end_token(self, token: FoundToken) -> None:
        if isinstance(token, ProtocolRefreshToken):
            await self.end_family(token.family.family_id)
            return
        expire_time = datetime.fromtimestamp(token.claims["exp"], self.now.tzinfo)
        await self.unit.revocations.add(Revocation(self.now, expire_time, token_id=token.claims["jti"]))

    async def end_family(self, family_id: str) -> None:
        await self.unit.grants.revoke_family(family_id)
        await self.unit.revocations.end_family(family_id, at=self.now)

    async def issue_first(self, account: Account, code: Code) -> dict[str, Any]:
        """What a code is worth: an access token, a refresh token, an ID token if it was asked for."""
        family = Family(
            family_id=code.family_id,
            sid=code.sid,
            client_id=code.client_id,
            user_id=code.user_id,
            scopes=code.scopes,
            auth_time=code.auth_time,
            use_time=self.now,
            expire_time=self.now + FAMILY_LIFETIME,
        )
        refresh_token = new_secret()
        await self.unit.grants.add_family(family)
        await self.unit.grants.add_refresh_token(digest(refresh_token), family.family_id)
        nonce = {"nonce": code.nonce} if code.nonce else {}
        return await self._issue(account, family, code.scopes, refresh_token, nonce)

    async def issue_next(
        self, account: Account, family: Family, scopes: frozenset[str], refresh_token: str
    ) -> dict[str, Any]:
        """What a refresh token is worth; scopes that the account lost since are gone."""
        await self.unit.grants.note_use(family.family_id, at=self.now)
        living = scopes & (account.scopes | IDENTITY_SCOPES)
        return await self._issue(account, family, living, refresh_token, {})

    def issue_to_client(self, client: Client, scopes: frozenset[str], payload: Payload) -> dict[str, Any]:
        """A token by which a client acts for itself."""
        lifetime = SERVICE_TOKEN_LIFETIME if client.is_mesh_service else USER_TOKEN_LIFETIME
        token = self._access_token(client.client_id, client.client_id, scopes, lifetime)
        token = replace(token, audience=_audience(client, payload))
        return self._response(token, self._provider.tokens.access_token(token))

    async def _issue(
        self,
        account: Account,
        family: Family,
        scopes: frozenset[str],
        refresh_token: str,
        identity: Mapping[str, str],
    ) -> dict[str, Any]:
        token = self._access_token(account.user_id, family.client_id, scopes, USER_TOKEN_LIFETIME)
        token = replace(token, auth_time=family.auth_time, sid=family.sid)
        await self.unit.revocations.note_issued(_issued(token, family))
        access_token = self._provider.tokens.access_token(token)
        response = {**self._response(token, access_token), "refresh_token": refresh_token}
        if "openid" in scopes:
            claims = {**identity, **user_claims(account, scopes)}
            # A client that logs out by its ID token has it for as long as it is logged in.
            lasting = replace(token, expire_time=family.expire_time)
            response["id_token"] = self._provider.tokens.id_token(lasting, access_token, claims)
        return response

    def _access_token(
        self, subject: str, client_id: str, scopes: frozenset[str], lifetime: timedelta
    ) -> AccessToken:
        return AccessToken(
            token_id=self.new_id(),
            subject=subject,
            client_id=client_id,
            audience=API_AUDIENCE,
            scopes=scopes,
            issue_time=self.now,
            expire_time=self.now + lifetime,
        )

    def _response(self, token: AccessToken, access_token: str) -> dict[str, Any]:
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int((token.expire_time - token.issue_time).total_seconds()),
            "scope": " ".join(sorted(token.scopes)),
        }


def user_claims(account: Account, scopes: frozenset[str]) -> dict[str, Any]:
    """What OpenID Connect's scopes let a client know (Core §5.4)."""
    claims: dict[str, Any] = {}
    if "email" in scopes:
        claims |= {"email": account.email, "email_verified": account.email_verified}
    if "profile" in scopes:
        claims |= {"name": account.display_name, "locale": account.locale}
    return claims


def _audience(client: Client, payload: Payload) -> str:
    wanted = payload.data.get("audience") or payload.data.get("resource") or ""
    if not client.is_mesh_service:
        if wanted not in ("", API_AUDIENCE):
            raise InvalidTarget(f"the audience of this client is {API_AUDIENCE}")
        return API_AUDIENCE
    if wanted not in SERVICES:
        raise InvalidTarget(f"audience is required and has to be one of {', '.join(SERVICES)}")
    return service_audience(wanted)


def _issued(token: AccessToken, family: Family) -> IssuedToken:
    return IssuedToken(
        token_id=token.token_id,
        user_id=token.subject,
        family_id=family.family_id,
        sid=family.sid,
        expire_time=token.expire_time,
    )
