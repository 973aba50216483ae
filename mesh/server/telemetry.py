"""Logs, spans and metrics of a process."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict

from interceptors.access_log import Log
from interceptors.core.trace_context import current_trace_id, current_traceparent
from interceptors.tracing import CallTraceIds, Traces
from mesh.settings import MeshSettings

__all__ = [
    "configure_logging",
    "continue_trace",
    "current_trace_id",
    "current_traceparent",
    "log_of_calls",
    "open_traces",
]

SPANS_FILE = "spans.jsonl"
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


def log_of_calls(service: str, worker: int) -> Log:
    """Writes lines beside those of structlog, many at once."""

    def write(lines: Sequence[EventDict]) -> None:
        for line in lines:
            line["service"] = service
            line["worker"] = worker
        _to_standard_error(b"".join([_json_line(line) + b"\n" for line in lines]))

    return write


class _StandardError:
    """A logger that writes lines to descriptor 2."""

    def msg(self, line: bytes) -> None:
        _to_standard_error(line + b"\n")

    debug = info = warning = error = critical = msg


def _to_standard_error(lines: bytes) -> None:
    """Write lines in one piece, so that lines of threads and processes do not mix.

    What descriptor 2 cannot take, as on a full disk, is lost: a call must not fail for its log line.
    """
    with suppress(OSError):
        os.write(2, lines)


def _json_line(line: EventDict, **_: object) -> bytes:
    try:
        return orjson.dumps(line, option=orjson.OPT_UTC_Z)
    except TypeError:
        # What orjson refuses (half a surrogate pair, a huge number, an object) must not fail the call.
        return json.dumps(line, default=str, skipkeys=True).encode()


@contextmanager
def open_traces(service: str, settings: MeshSettings) -> Iterator[Traces]:
    """Yield this process's traces; what they recorded is written out at the end.

    All services decide by the trace id whether to record, so a trace is recorded
    whole or not at all.
    """
    sampler = TraceIdRatioBased(settings.span_ratio)
    resource = Resource.create({"service.name": service, "service.instance.id": str(settings.worker)})
    provider = TracerProvider(
        sampler=sampler, resource=resource, id_generator=CallTraceIds(), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(_exporter(settings), schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)
    try:
        yield Traces(provider=provider, sampler=sampler)
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
        """Append the spans in one piece, so that lines of processes do not mix."""
        os.write(self._descriptor, b"".join([_json_line(_described(span)) + b"\n" for span in spans]))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _described(span: ReadableSpan) -> dict[str, Any]:
    """A span as the SDK's own `to_json` has it, at a third of its time: that reads the resource each time."""
    return {
        "name": span.name,
        "context": _place(span.context),
        "kind": str(span.kind),
        "parent_id": f"0x{span.parent.span_id:016x}" if span.parent is not None else None,
        "start_time": _time(span.start_time),
        "end_time": _time(span.end_time),
        "status": {"status_code": span.status.status_code.name, "description": span.status.description},
        "attributes": dict(span.attributes or {}),
        "events": [
            {"name": each.name, "timestamp": _time(each.timestamp), "attributes": dict(each.attributes or {})}
            for each in span.events
        ],
        "links": [_place(each.context) for each in span.links],
        "resource": {"attributes": dict(span.resource.attributes)},
    }


def _place(context: SpanContext) -> dict[str, str]:
    return {"trace_id": f"0x{context.trace_id:032x}", "span_id": f"0x{context.span_id:016x}"}


def _time(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _exporter(settings: MeshSettings) -> SpanExporter:
    endpoint = settings.otlp_endpoint
    if not endpoint:
        return FileSpanExporter(settings.logs / SPANS_FILE)
    from opentelemetry.exporter.otlp.proto.grpc import trace_exporter  # noqa: PLC0415 - slow to import

    return trace_exporter.OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http:"))
