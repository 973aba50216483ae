"""A stub of the services' HTTP ports: redeems any code, records what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mesh.topology import HTTP_SERVICES, http_port

PATHS = (
    *("/oauth2/{name}", "/.well-known/{name}", "/account", "/account/{name:path}"),
    *("/hooks/{name}", "/mail/{name}"),
)


@dataclass(slots=True)
class Provider:
    """What the stub answers and what it has seen.

    Attributes:
        tokens: The answer of the token endpoint.
        forms: The token endpoint's requests.
        requests: (verb, path, headers) of all requests.
    """

    tokens: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def forget(self) -> None:
        self.tokens.clear()
        self.forms.clear()
        self.requests.clear()


@asynccontextmanager
async def open_provider(port_offset: int) -> AsyncIterator[Provider]:
    """Serve the OAuth endpoints of the contract."""
    provider = Provider()

    async def answer(request: Request) -> Response:
        provider.requests.append((request.method, request.url.path, dict(request.headers)))
        if request.url.path != "/oauth2/token":
            return Response("here", headers={"content-security-policy": "default-src 'self'"})
        async with request.form() as form:
            provider.forms.append({name: str(value) for name, value in form.items()})
        return JSONResponse(provider.tokens)

    verbs = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    app = Starlette(routes=[Route(path, answer, methods=verbs) for path in PATHS])
    async with AsyncExitStack() as stack:
        for service in HTTP_SERVICES:
            await stack.enter_async_context(_served(app, http_port(service, 0, port_offset)))
        yield provider


@asynccontextmanager
async def _served(app: Starlette, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    # Not `serve()`: that would take over the signals of the test run.
    serving = asyncio.create_task(server._serve())
    await _started(server)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _started(server: uvicorn.Server) -> None:
    async with asyncio.timeout(10):
        while True:
            if server.started:
                return
            await asyncio.sleep(0.01)
