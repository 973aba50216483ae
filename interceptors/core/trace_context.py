"""The place in a trace that is passed on, for callers as well: it needs no SDK."""

import random

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from interceptors.core.call import Call, current_call_or_none

_propagator = TraceContextTextMapPropagator()


def span_id_of(call: Call) -> int:
    """The id of the call's own span, made when it is first needed."""
    call.span_id = call.span_id or random.getrandbits(64) or 1
    return call.span_id


def current_traceparent() -> str:
    """The current span as a W3C `traceparent`; empty outside any span."""
    call = current_call_or_none()
    if call is not None and call.trace_id and call.span is None:
        return f"00-{call.trace_id:032x}-{span_id_of(call):016x}-{call.trace_flags:02x}"
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")


def current_trace_id() -> str:
    """The current trace id, 32 hex digits; zeros outside any span."""
    call = current_call_or_none()
    trace_id = call.trace_id if call is not None else 0
    return f"{trace_id or trace.get_current_span().get_span_context().trace_id:032x}"
