"""The provider over HTTP: its protocol endpoints, its documents and its pages."""

import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mesh.server.endpoint_limits import EndpointLimits
from mesh.server.http_client_address import ClientAddress
from mesh.server.http_edge import NO_STORE, HttpEdge, refuse
from services.user.application.client_failures import ClientFailures
from services.user.application.ports import AuthorizationServer, OAuthAnswer, OAuthRequest
from services.user.domain.client import GrantType
from services.user.domain.errors import StoreUnavailable
from services.user.domain.network import network_prefix
from services.user.entrypoints.account_http import AccountPages
from services.user.entrypoints.call_log import log_call
from services.user.entrypoints.discovery import metadata
from services.user.entrypoints.forms import read_form
from services.user.entrypoints.login_http import LoginPages
from services.user.entrypoints.site import Site
from services.user.entrypoints.visitor_http import VisitorPages

_GRANT_TYPES = {grant.value for grant in GrantType}
_KEYS_MAX_AGE_SECONDS = 60
_FORM = ["GET", "POST"]
_WRONG_SECRET = "invalid_client"  # noqa: S105 - an error code


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


@dataclass(frozen=True, slots=True)
class SitePages:
    """All pages, by whom they are for."""

    site: Site
    login: LoginPages
    visitor: VisitorPages
    account: AccountPages


def user_app(
    *,
    server: AuthorizationServer,
    client_failures: ClientFailures,
    pages: SitePages,
    documents: Documents,
    limits: EndpointLimits,
) -> Starlette:
    """The ASGI application with every HTTP endpoint of the user service."""
    endpoints = _Endpoints(server, client_failures, pages.site.client_address, documents)
    route = limits.route
    routes = [
        route("/oauth2/authorize", pages.site.page(pages.login.authorize), _FORM),
        route("/oauth2/logout", pages.site.open_page(pages.login.end_session), _FORM),
        route("/oauth2/token", endpoints.token, ["POST"]),
        route("/oauth2/revoke", endpoints.revoke, ["POST"]),
        route("/oauth2/introspect", endpoints.introspect, ["POST"]),
        route("/oauth2/userinfo", endpoints.userinfo, ["GET", "POST"]),
        route("/oauth2/jwks.json", endpoints.jwks, ["GET"]),
        route("/.well-known/openid-configuration", endpoints.discovery, ["GET"]),
        route("/.well-known/oauth-authorization-server", endpoints.discovery, ["GET"]),
        *_visitor_routes(pages, limits),
        *_account_routes(pages, limits),
    ]
    edge = Middleware(HttpEdge, span="user http", unavailable=StoreUnavailable, page=pages.site.refuse)
    refused = partial(refuse, pages.site.refuse)
    return Starlette(
        routes=routes,
        middleware=[edge],
        exception_handlers={HTTPException: refused, StoreUnavailable: refused},
    )


def _visitor_routes(pages: SitePages, limits: EndpointLimits) -> Iterator[Route]:
    handlers = {
        "register": pages.visitor.register,
        "verify": pages.visitor.verify,
        "forgot": pages.visitor.forgot,
        "reset": pages.visitor.reset,
        "device": pages.visitor.device,
        "email/confirm": pages.visitor.confirm_email,
        "login": pages.login.login,
        "logout": pages.login.logout,
    }
    for name, handler in handlers.items():
        yield limits.route(f"/account/{name}", pages.site.page(handler), _FORM)


def _account_routes(pages: SitePages, limits: EndpointLimits) -> Iterator[Route]:
    yield limits.route("/account", pages.site.own_page(pages.account.overview), ["GET"])
    handlers = {
        "profile": pages.account.profile,
        "addresses": pages.account.addresses,
        "password": pages.account.password,
        "email": pages.account.email,
        "sessions": pages.account.sessions,
        "export": pages.account.export,
        "erase": pages.account.erase,
    }
    for name, handler in handlers.items():
        yield limits.route(f"/account/{name}", pages.site.own_page(handler), _FORM)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    server: AuthorizationServer
    client_failures: ClientFailures
    client_address: ClientAddress
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
        if answer.error == _WRONG_SECRET:
            await self._count_failure(request, answer.client_id)
        return _json(answer)

    async def _count_failure(self, request: Request, client_id: str) -> None:
        network = network_prefix(self.client_address(request))
        wait = await self.client_failures.note(client_id, network=network)
        if wait:
            seconds = {"Retry-After": str(math.ceil(wait.total_seconds()))}
            raise HTTPException(429, "too many wrong secrets of this client", seconds)

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
