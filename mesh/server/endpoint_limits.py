"""How often a client may ask a service's HTTP endpoints, where the front proxy has not counted already."""

import math
from collections.abc import Awaitable, Callable
from inspect import isawaitable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mesh.server.context import ServiceContext
from mesh.server.http_client_address import is_from_edge

Endpoint = Callable[[Request], Awaitable[Response]]


class EndpointLimits:
    """The classes of the contract's endpoints, for requests that come past the front proxy."""

    def __init__(self, context: ServiceContext) -> None:
        endpoints = context.contract.http_endpoints
        self._limits = {endpoint.path: context.limits[endpoint.limit_class] for endpoint in endpoints}
        self._limiter = context.limiter
        self._edge_secret = context.settings.edge_secret

    def route(self, path: str, endpoint: Endpoint, methods: list[str]) -> Route:
        """A route of an endpoint that the contract knows; over its limit it is 429 with Retry-After."""
        limit = self._limits[path]

        async def limited(request: Request) -> Response:
            if not is_from_edge(request, self._edge_secret):
                peer = request.client.host if request.client else ""
                waiting = self._limiter.admit(limit, f"address:{peer}")
                wait = await waiting if isawaitable(waiting) else waiting
                if wait > 0:
                    raise HTTPException(429, "too many requests", {"Retry-After": str(math.ceil(wait))})
            return await endpoint(request)

        return Route(path, limited, methods=methods)
