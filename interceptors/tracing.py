"""A span for every call, in the trace that the caller began (W3C Trace Context)."""

from typing import Any

import grpc
from grpc_interceptor.server import AsyncServerInterceptor
from opentelemetry import trace
from opentelemetry.context import Context as OtelContext
from opentelemetry.context import attach
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from interceptors.call import Behavior, Context, current_call

_propagator = TraceContextTextMapPropagator()
_NOWHERE = OtelContext()


class TracingInterceptor(AsyncServerInterceptor):
    """Continues the caller's trace; attributes are names and codes, never values."""

    def __init__(self, *, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Proceed inside a span, which stays the current one to the end of the call's own task."""
        span = self._tracer.start_span(
            method_name[1:],
            _parent(current_call().text("traceparent")),
            SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        )
        attach(trace.set_span_in_context(span))
        if not span.is_recording():
            return await method(request_or_iterator, context)
        try:
            return await method(request_or_iterator, context)
        finally:
            _describe(span, context)
            span.end()


def _parent(traceparent: str) -> OtelContext:
    return _propagator.extract({"traceparent": traceparent}, _NOWHERE) if traceparent else _NOWHERE


def _describe(span: trace.Span, context: Context) -> None:
    call = current_call()
    code: Any = context.code()
    number = code.value[0] if isinstance(code, grpc.StatusCode) else int(code or 0)
    span.set_attribute("rpc.system", "grpc")
    span.set_attribute("rpc.service", call.method.service)
    span.set_attribute("rpc.method", call.method.name)
    span.set_attribute("rpc.grpc.status_code", number)
    span.set_attribute("shopmesh.db.queries", call.queries)
    if number:
        span.set_status(Status(StatusCode.ERROR))


def current_traceparent() -> str:
    """The current span as a W3C `traceparent`; empty outside any span."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")


def current_trace_id() -> str:
    """The current trace id, 32 hex digits; zeros outside any span."""
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"
