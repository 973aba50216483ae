"""Spans that a test can look at."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from interceptors.tracing import CallTraceIds, Traces


def recording_provider(exported: InMemorySpanExporter, ratio: float = 1) -> TracerProvider:
    """A provider as services have it, which exports each span as it ends."""
    provider = TracerProvider(
        sampler=TraceIdRatioBased(ratio),
        resource=Resource({}),
        id_generator=CallTraceIds(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(exported))
    return provider


def recording_traces(exported: InMemorySpanExporter, ratio: float = 1) -> Traces:
    return Traces(provider=recording_provider(exported, ratio), sampler=TraceIdRatioBased(ratio))
