"""Logs, spans and metrics of a process."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict

from interceptors.tracing import current_trace_id, current_traceparent
from mesh.settings import MeshSettings
from mesh.sparing_tracer import DrawnIds, SparingTracer

__all__ = ["configure_logging", "continue_trace", "current_trace_id", "current_traceparent", "open_tracer"]

SPANS_FILE = "spans.jsonl"
_JSON_LINES = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_propagator = TraceContextTextMapPropagator()


def configure_logging(service: str, worker: int) -> None:
    """Write log lines as JSON to standard error, each with service and worker."""

    def add_place_and_time(_logger: object, _method: str, line: EventDict) -> EventDict:
        line["service"] = service
        line["worker"] = worker
        line["timestamp"] = datetime.now(UTC)
        return line

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            add_place_and_time,
            structlog.processors.JSONRenderer(serializer=_json_line),
        ],
        logger_factory=_StandardError,
        cache_logger_on_first_use=True,
    )


class _StandardError:
    """A logger that writes lines to descriptor 2.

    What that cannot take, as on a full disk, is lost: a call must not fail for its log line.
    """

    def msg(self, line: bytes) -> None:
        """Write a line in one piece, so that lines of threads and processes do not mix."""
        with suppress(OSError):
            os.write(2, line + b"\n")

    debug = info = warning = error = critical = msg


def _json_line(line: EventDict, **_: object) -> bytes:
    try:
        return orjson.dumps(line, option=_JSON_LINES)
    except TypeError:
        # What orjson refuses (half a surrogate pair, a huge number, an object) must not fail the call.
        return json.dumps(line, default=str).encode()


@contextmanager
def open_tracer(service: str, settings: MeshSettings) -> Iterator[trace.Tracer]:
    """Yield this process's tracer; what it recorded is written out at the end.

    All services decide by the trace id whether to record, so a trace is recorded
    whole or not at all.
    """
    sampler, ids = TraceIdRatioBased(settings.span_ratio), DrawnIds()
    provider = TracerProvider(
        sampler=sampler,
        id_generator=ids,
        resource=Resource.create({"service.name": service, "service.instance.id": str(settings.worker)}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(_exporter(settings), schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)
    try:
        yield SparingTracer(provider.get_tracer("shopmesh"), bound=sampler.bound, ids=ids)
    finally:
        provider.shutdown()


@contextmanager
def continue_trace(traceparent: str, name: str) -> Iterator[None]:
    """Do the work of a consumer inside the trace that an event carries."""
    parent = _propagator.extract({"traceparent": traceparent})
    tracer = trace.get_tracer("shopmesh")
    with tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, record_exception=False):
        yield


class FileSpanExporter(SpanExporter):
    """Appends spans to a file, one JSON object a line; several processes may share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; one write a line, so that lines of processes do not mix."""
        for span in spans:
            os.write(self._descriptor, span.to_json(indent=None).encode() + b"\n")
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _exporter(settings: MeshSettings) -> SpanExporter:
    endpoint = settings.otlp_endpoint
    if not endpoint:
        return FileSpanExporter(settings.logs / SPANS_FILE)
    from opentelemetry.exporter.otlp.proto.grpc import trace_exporter  # noqa: PLC0415 - slow to import

    return trace_exporter.OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http:"))
