"""The provider over HTTP: its protocol endpoints, its documents and its pages."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mesh.server.http_edge import NO_STORE, HttpEdge
from services.user.application.ports import AuthorizationServer, OAuthAnswer, OAuthRequest
from services.user.domain.client import GrantType
from services.user.domain.errors import StoreUnavailable
from services.user.entrypoints.account_http import AccountPages
from services.user.entrypoints.call_log import log_call
from services.user.entrypoints.discovery import metadata
from services.user.entrypoints.forms import read_form
from services.user.entrypoints.login_http import LoginPages

_GRANT_TYPES = {grant.value for grant in GrantType}
_KEYS_MAX_AGE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Documents:
    """What anybody may read.

    Attributes:
        public_keys: The JWK set.
        scopes: Every scope that a token may carry.
    """

    issuer: str
    public_keys: Mapping[str, Any]
    scopes: frozenset[str]


def oauth_app(
    *, server: AuthorizationServer, login: LoginPages, account: AccountPages, documents: Documents
) -> Starlette:
    """The ASGI application with every HTTP endpoint of the user service."""
    endpoints = _Endpoints(server, documents)
    routes = [
        Route("/oauth2/authorize", login.authorize, methods=["GET", "POST"]),
        Route("/oauth2/logout", login.logout, methods=["GET", "POST"]),
        Route("/oauth2/token", endpoints.token, methods=["POST"]),
        Route("/oauth2/revoke", endpoints.revoke, methods=["POST"]),
        Route("/oauth2/introspect", endpoints.introspect, methods=["POST"]),
        Route("/oauth2/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
        Route("/oauth2/jwks.json", endpoints.jwks, methods=["GET"]),
        Route("/.well-known/openid-configuration", endpoints.discovery, methods=["GET"]),
        Route("/.well-known/oauth-authorization-server", endpoints.discovery, methods=["GET"]),
        Route("/account/verify", account.show_verify, methods=["GET"]),
        Route("/account/verify", account.verify, methods=["POST"]),
        Route("/account/reset", account.show_reset, methods=["GET"]),
        Route("/account/reset", account.reset, methods=["POST"]),
    ]
    edge = Middleware(HttpEdge, span="oauth http", unavailable=StoreUnavailable)
    return Starlette(routes=routes, middleware=[edge], exception_handlers={HTTPException: _refuse})


@dataclass(frozen=True, slots=True)
class _Endpoints:
    server: AuthorizationServer
    documents: Documents

    async def token(self, request: Request) -> Response:
        asked = await _form_request(request)
        answer = await self.server.token(asked)
        grant_type = dict(asked.parameters).get("grant_type", "")
        log_call(
            "token",
            client_id=answer.client_id,
            grant_type=grant_type if grant_type in _GRANT_TYPES else "unknown",
            outcome=answer.error or "issued",
        )
        return _json(answer)

    async def revoke(self, request: Request) -> Response:
        return await _answer(request, self.server.revoke)

    async def introspect(self, request: Request) -> Response:
        return await _answer(request, self.server.introspect)

    async def userinfo(self, request: Request) -> Response:
        return _json(
            await self.server.userinfo(OAuthRequest(request.method, request.url.path, request.headers))
        )

    async def jwks(self, request: Request) -> Response:
        cached = {"Cache-Control": f"public, max-age={_KEYS_MAX_AGE_SECONDS}"}
        return JSONResponse(dict(self.documents.public_keys), headers=cached)

    async def discovery(self, request: Request) -> Response:
        return JSONResponse(metadata(self.documents.issuer, self.documents.scopes))


async def _answer(request: Request, endpoint: Callable[[OAuthRequest], Awaitable[OAuthAnswer]]) -> Response:
    return _json(await endpoint(await _form_request(request)))


async def _form_request(request: Request) -> OAuthRequest:
    return OAuthRequest(request.method, request.url.path, request.headers, await read_form(request))


def _json(answer: OAuthAnswer) -> Response:
    headers = {name: value for name, value in answer.headers if name != "Content-Type"}
    return JSONResponse(dict(answer.body), answer.status, headers={**NO_STORE, **headers})


async def _refuse(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, HTTPException)
    body = {"error": "invalid_request", "error_description": refusal.detail}
    return JSONResponse(body, refusal.status_code, headers={**NO_STORE, **(refusal.headers or {})})
