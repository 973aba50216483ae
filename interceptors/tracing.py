"""A span for every call, in the trace that the caller began (W3C Trace Context).

A sampled call runs within a span of the SDK, in which the spans of libraries find their parent. An unsampled
call costs two random numbers.
"""

import random
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from interceptors.core.call import Call, Context, current_call_or_none
from interceptors.core.hooks import Hook

_propagator = TraceContextTextMapPropagator()
_ROOT = OtelContext()


class CallTraceIds(RandomIdGenerator):
    """Trace ids for the SDK: within a call its trace's, which is known before there is a span."""

    def generate_trace_id(self) -> int:
        """The current call's trace id, outside of calls a new one."""
        call = current_call_or_none()
        return (call.trace_id if call is not None else 0) or super().generate_trace_id()


class Traces:
    """Decides by the trace id, as all services do, which calls become spans, and begins them."""

    def __init__(self, *, provider: TracerProvider, sampler: TraceIdRatioBased) -> None:
        """Bind the traces.

        Args:
            provider: Records the spans. It samples by `sampler` and takes its ids from `CallTraceIds`.
            sampler: The low half of a recorded trace's id is below its bound.
        """
        self._tracer = provider.get_tracer("shopmesh")
        self._bound = sampler.bound

    def begin(self, call: Call) -> None:
        """Give a call its place: in the trace of the caller, or in a new one."""
        traceparent = call.text("traceparent")
        parent = _propagator.extract({"traceparent": traceparent}, _ROOT) if traceparent else _ROOT
        if parent is _ROOT:
            call.trace_id, call.trace_flags = random.getrandbits(128) or 1, TraceFlags.RANDOM_TRACE_ID
        else:
            sent = trace.get_current_span(parent).get_span_context()
            call.trace_id, call.trace_flags = sent.trace_id, sent.trace_flags & TraceFlags.RANDOM_TRACE_ID
        if call.trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound:
            self._record(call, parent)

    def _record(self, call: Call, parent: OtelContext) -> None:
        """Begin the span of a sampled call; its attributes are names and numbers, never values."""
        attributes = {
            "rpc.system": "grpc",
            "rpc.service": call.method.service,
            "rpc.method": call.method.name,
        }
        span = self._tracer.start_span(call.method.full_name[1:], parent, SpanKind.SERVER, attributes)
        call.span, place = span, span.get_span_context()
        call.span_id, call.trace_flags = place.span_id, place.trace_flags
        # Not detached: the task's context ends with the call.
        otel_context.attach(trace.set_span_in_context(span))


class TracingInterceptor(Hook):
    """Continues the caller's trace."""

    def __init__(self, *, traces: Traces) -> None:
        self._traces = traces

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Give the call its place in a trace."""
        self._traces.begin(call)


def end_span(call: Call, *, code: int, end_ns: int) -> None:
    """End the span of a call, if it has one, at a time in nanoseconds since 1970."""
    span = call.span
    if span is None:
        return
    span.set_attributes({"rpc.grpc.status_code": code, "shopmesh.db.queries": call.queries})
    if code:
        span.set_status(StatusCode.ERROR)
    span.end(end_ns)
