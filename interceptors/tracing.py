"""A span for every call, in the trace that the caller began (W3C Trace Context).

An unsampled call costs two random numbers. The span of a sampled call is made after the call has ended, in a
batch with others, so that no call waits for the SDK.
"""

import random
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.trace_context import span_id_of

_propagator = TraceContextTextMapPropagator()
_NOWHERE = OtelContext()
_NO_ERROR, _ERROR = Status(StatusCode.UNSET), Status(StatusCode.ERROR)


class Traces:
    """Decides by the trace id, as all services do, which calls become spans, and makes them."""

    def __init__(self, *, sampler: TraceIdRatioBased, processor: SpanProcessor, resource: Resource) -> None:
        """Bind the traces.

        Args:
            sampler: The low half of a recorded trace's id is below its bound.
            processor: Takes the spans that ended.
            resource: Whose they are.
        """
        self._bound = sampler.bound
        self._processor = processor
        self._resource = resource

    def join(self, call: Call) -> None:
        """Give a call its place: in the trace of the caller, or in a new one."""
        sent = _sent(call.text("traceparent"))
        if sent is None:
            call.trace_id, call.trace_flags = random.getrandbits(128) or 1, TraceFlags.RANDOM_TRACE_ID
        else:
            call.trace_id, call.trace_flags = sent.trace_id, sent.trace_flags & TraceFlags.RANDOM_TRACE_ID
            call.parent = sent
        if call.trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound:
            call.trace_flags |= TraceFlags.SAMPLED

    def end(self, call: Call, *, code: int, start_ns: int, end_ns: int) -> None:
        """Make the span of a call that has ended, if its trace is recorded.

        Its attributes are names and numbers, never values.
        """
        if not call.trace_flags & TraceFlags.SAMPLED:
            return
        place = SpanContext(call.trace_id, span_id_of(call), False, TraceFlags(call.trace_flags))
        attributes: dict[str, AttributeValue] = {
            "rpc.system": "grpc",
            "rpc.service": call.method.service,
            "rpc.method": call.method.name,
            "rpc.grpc.status_code": code,
            "shopmesh.db.queries": call.queries,
        }
        span = ReadableSpan(
            call.method.full_name[1:],
            place,
            call.parent,
            self._resource,
            attributes,
            kind=SpanKind.SERVER,
            status=_ERROR if code else _NO_ERROR,
            start_time=start_ns,
            end_time=end_ns,
        )
        self._processor.on_end(span)


class TracingInterceptor(Hook):
    """Continues the caller's trace."""

    def __init__(self, *, traces: Traces) -> None:
        self._traces = traces

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Give the call its place in a trace."""
        self._traces.join(call)


def _sent(traceparent: str) -> SpanContext | None:
    if not traceparent:
        return None
    parent = _propagator.extract({"traceparent": traceparent}, _NOWHERE)
    sent = trace.get_current_span(parent).get_span_context()
    return sent if sent.is_valid else None
