"""A tracer that decides first whether a trace is recorded; if not, a span is only its ids."""

from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

_DROPPED = TraceFlags(TraceFlags.DEFAULT)
_DROPPED_RANDOM_ID = TraceFlags(TraceFlags.RANDOM_TRACE_ID)


class DrawnIds(RandomIdGenerator):
    """Random ids; the next trace's may have been drawn before, to decide on it."""

    def __init__(self) -> None:
        self.drawn: int | None = None

    def generate_trace_id(self) -> int:
        """The id that was drawn, once, or a new one."""
        drawn, self.drawn = self.drawn, None
        return super().generate_trace_id() if drawn is None else drawn


class SparingTracer(trace.Tracer):
    """Decides by the trace id, as the SDK's sampler does, and leaves only recorded spans to the SDK."""

    def __init__(self, recording: trace.Tracer, *, bound: int, ids: DrawnIds) -> None:
        """Start with what the SDK made.

        Args:
            recording: The SDK's tracer.
            bound: The low half of a recorded trace's id is below it.
            ids: The ids of the SDK's tracer.
        """
        self._recording = recording
        self._bound = bound
        self._ids = ids

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> trace.Span:
        """Start a span; one that is not recorded carries ids and nothing else."""
        parent = trace.get_current_span(context).get_span_context()
        trace_id = parent.trace_id if parent.is_valid else self._ids.generate_trace_id()
        if trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound:
            self._ids.drawn = None if parent.is_valid else trace_id
            return self._recording.start_span(name, context, *args, **kwargs)
        is_random = not parent.is_valid or parent.trace_flags & TraceFlags.RANDOM_TRACE_ID
        flags = _DROPPED_RANDOM_ID if is_random else _DROPPED
        return NonRecordingSpan(
            SpanContext(trace_id, self._ids.generate_span_id(), False, flags, parent.trace_state)
        )

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        """Start a span that is the current one inside, by the SDK: it decides in the same way."""
        return self._recording.start_as_current_span(*args, **kwargs)
