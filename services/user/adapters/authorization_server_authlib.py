"""The OAuth 2.0 and OpenID Connect protocol, by Authlib's server core.

The core is synchronous and knows no framework. Each request runs it in a
greenlet within one transaction; an answer that refuses commits too, because the
refusal of a reused token ends its family.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TypeVar

from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from sqlalchemy.util import await_, greenlet_spawn

from services.kernel.clock import Clock
from services.user.adapters.oauth_models_authlib import ProtocolRequest
from services.user.adapters.oauth_protocol_authlib import Protocol, Provider, user_claims
from services.user.application.ports import (
    LoginNeeds,
    LogoutTarget,
    OAuthAnswer,
    OAuthRequest,
    Unit,
    UnitOfWork,
)
from services.user.domain.scopes import scope_set
from services.user.domain.session import Session

Answer = TypeVar("Answer")

_SHOWN_IN_ERRORS = ("response_type", "client_id", "redirect_uri", "grant_type", "code_challenge_method")


class AuthlibAuthorizationServer:
    """The protocol endpoints."""

    def __init__(self, *, provider: Provider, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._provider = provider
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def check(self, request: OAuthRequest) -> LoginNeeds | OAuthAnswer:
        return await self._run(request, self._unit_of_work.read(), _check)

    async def grant(self, request: OAuthRequest, session: Session) -> OAuthAnswer:
        return await self._run(request, self._unit_of_work.write(), _grant, session)

    async def refuse(self, request: OAuthRequest, *, error: str) -> OAuthAnswer:
        def refuse(protocol: Protocol, asked: ProtocolRequest) -> OAuthAnswer:
            redirect_uri = protocol.get_consent_grant(asked).redirect_uri
            raise OAuth2Error(error=error, redirect_uri=redirect_uri)

        return await self._run(request, self._unit_of_work.read(), refuse)

    async def token(self, request: OAuthRequest) -> OAuthAnswer:
        return await self._run(request, self._unit_of_work.write(), _token)

    async def revoke(self, request: OAuthRequest) -> OAuthAnswer:
        return await self._run(request, self._unit_of_work.write(), _endpoint("revocation"))

    async def introspect(self, request: OAuthRequest) -> OAuthAnswer:
        return await self._run(request, self._unit_of_work.read(), _endpoint("introspection"))

    async def userinfo(self, request: OAuthRequest) -> OAuthAnswer:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = self._provider.tokens.read(token.strip()) if scheme.lower() == "bearer" else None
        if claims is None:
            return _bearer_error(401, "invalid_token")
        scopes = scope_set(claims["scope"])
        if "openid" not in scopes:
            return _bearer_error(403, "insufficient_scope")
        async with self._unit_of_work.read() as unit:
            protocol = self._protocol(unit, None)
            account = await protocol.find_account(claims["sub"])
            if account is None or await unit.revocations.is_revoked(claims):
                return _bearer_error(401, "invalid_token")
        return OAuthAnswer(200, {"sub": account.user_id, **user_claims(account, scopes)})

    async def logout_target(self, request: OAuthRequest) -> LogoutTarget:
        parameters = dict(request.parameters)
        claims = self._provider.tokens.read_hint(parameters.get("id_token_hint", ""))
        if claims is None:
            return LogoutTarget()
        client = self._provider.clients.find(claims.get("aud"))
        wanted = parameters.get("post_logout_redirect_uri", "")
        may = client is not None and wanted in client.post_logout_redirect_uris
        return LogoutTarget(str(claims["sub"]), str(claims.get("sid", "")), wanted if may else "")

    async def _run(
        self,
        request: OAuthRequest,
        transaction: AbstractAsyncContextManager[Unit],
        step: Callable[[Protocol, ProtocolRequest], Answer],
        session: Session | None = None,
    ) -> Answer | OAuthAnswer:
        async with transaction as unit:
            protocol = self._protocol(unit, session)
            asked = protocol.create_oauth2_request(request)
            answer: Answer | OAuthAnswer = await greenlet_spawn(_guarded, protocol, asked, step)
            return answer

    def _protocol(self, unit: Unit, session: Session | None) -> Protocol:
        return Protocol(self._provider, unit, now=self._clock(), session=session)


def _guarded(
    protocol: Protocol, asked: ProtocolRequest, step: Callable[[Protocol, ProtocolRequest], Answer]
) -> Answer | OAuthAnswer:
    """Take a step; a refusal becomes an answer, and every answer says who asked."""
    try:
        _check_parameters(asked)
        answer: Answer | OAuthAnswer = step(protocol, asked)
    except OAuth2Error as error:
        error.state = asked.payload.state
        answer = protocol.handle_error_response(asked, error)
    client = protocol.query_client(asked.claimed_client or "")
    if isinstance(answer, OAuthAnswer) and client is not None:
        return replace(answer, client_id=client.get_client_id())
    return answer


def _check_parameters(asked: ProtocolRequest) -> None:
    for name, values in asked.payload.datalist.items():
        # RFC 6749 §3.1 and §3.2; only `resource` may be repeated (RFC 8707 §2), and we take the first.
        if len(values) > 1 and name != "resource":
            raise InvalidRequestError("a parameter is repeated")
    if any(invalid_error_characters(asked.payload.data.get(name, "")) for name in _SHOWN_IN_ERRORS):
        raise InvalidRequestError("a parameter holds characters that it cannot have")


def _check(protocol: Protocol, asked: ProtocolRequest) -> LoginNeeds:
    grant = protocol.get_consent_grant(asked)
    data = asked.payload.data
    prompt = frozenset(data.get("prompt", "").split())
    max_age = data.get("max_age", "")
    if (max_age and not max_age.isdecimal()) or ("none" in prompt and len(prompt) > 1):
        raise InvalidRequestError(
            "max_age has to be a number of seconds, prompt=none stands alone", redirect_uri=grant.redirect_uri
        )
    return LoginNeeds(
        client=grant.request.client.client,
        redirect_uri=grant.redirect_uri,
        prompt=prompt,
        max_age_seconds=int(max_age) if max_age else None,
    )


def _grant(protocol: Protocol, asked: ProtocolRequest) -> OAuthAnswer:
    grant = protocol.get_consent_grant(asked)
    assert protocol.login_session is not None
    if await_(protocol.unit.sessions.find(protocol.login_session.token_hash)) is None:
        # It was ended after it was looked at.
        raise OAuth2Error(error="login_required", redirect_uri=grant.redirect_uri)
    account = await_(protocol.find_account(protocol.login_session.user_id))
    answer: OAuthAnswer = protocol.create_authorization_response(asked, grant_user=account, grant=grant)
    return answer


def _token(protocol: Protocol, asked: ProtocolRequest) -> OAuthAnswer:
    answer: OAuthAnswer = protocol.create_token_response(asked)
    return answer


def _endpoint(name: str) -> Callable[[Protocol, ProtocolRequest], OAuthAnswer]:
    def answer(protocol: Protocol, asked: ProtocolRequest) -> OAuthAnswer:
        answered: OAuthAnswer = protocol.create_endpoint_response(name, asked)
        return answered

    return answer


def _bearer_error(status: int, error: str) -> OAuthAnswer:
    """RFC 6750 §3."""
    return OAuthAnswer(
        status, {"error": error}, (("WWW-Authenticate", f'Bearer error="{error}"'),), error=error
    )
