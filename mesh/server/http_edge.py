"""What every HTTP request to a service goes through: its trace, and an answer to every failure."""

import traceback
from collections.abc import Callable

import structlog
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mesh.server.telemetry import current_trace_id


def wants_page(request: Request) -> bool:
    """Whether a browser shows the answer to a person; programs do not ask for HTML."""
    return "text/html" in request.headers.get("accept", "")


ErrorPage = Callable[[Request, Exception], Response]
"""What a person sees instead of an error."""

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def refuse(page: ErrorPage, request: Request, error: Exception) -> Response:
    """The answer to a request that no handler answers: a page for who reads pages, JSON for programs."""
    if wants_page(request):
        return page(request, error)
    if not isinstance(error, HTTPException):
        return JSONResponse({"error": "temporarily_unavailable"}, 503, headers=NO_STORE)
    body = {"error": "invalid_request", "error_description": error.detail}
    return JSONResponse(body, error.status_code, headers={**NO_STORE, **(error.headers or {})})


def status_of(error: Exception, *, unavailable: type[Exception]) -> int:
    """The HTTP status of an error; `unavailable` is what the application raises while its store is away."""
    if isinstance(error, HTTPException):
        return error.status_code
    return 503 if isinstance(error, unavailable) else 500


_log = structlog.get_logger()
_propagator = TraceContextTextMapPropagator()


class HttpEdge:
    """Continues the caller's trace, and turns what nobody expected into "server_error"."""

    def __init__(
        self, app: ASGIApp, *, span: str, unavailable: type[Exception], page: ErrorPage | None = None
    ) -> None:
        """Wrap an application.

        Args:
            app: The application.
            span: The name of a request's span.
            unavailable: What the application raises while its store is away; answered with 503.
            page: Says what went wrong to a person; None: only programs ask.
        """
        self._app = app
        self._span = span
        self._unavailable = unavailable
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request inside a span."""
        parent = _propagator.extract({"traceparent": Headers(scope=scope).get("traceparent", "")})
        tracer = trace.get_tracer("shopmesh")
        with tracer.start_as_current_span(self._span, parent, SpanKind.SERVER, record_exception=False):
            try:
                await self._app(scope, receive, send)
            except self._unavailable:
                unavailable = {"error": "temporarily_unavailable"}
                await JSONResponse(unavailable, 503, headers=NO_STORE)(scope, receive, send)
            except Exception as error:  # noqa: BLE001 - the edge: every error must become an answer
                _log.error("unexpected", error=_where(error), trace_id=current_trace_id())
                await self._failed(Request(scope), error)(scope, receive, send)

    def _failed(self, request: Request, error: Exception) -> ASGIApp:
        if self._page is not None and wants_page(request):
            return self._page(request, error)
        return JSONResponse({"error": "server_error"}, 500, headers=NO_STORE)


def _where(error: Exception) -> str:
    """The exception's type and place; not its text, which may hold personal data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__qualname__} at {frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
