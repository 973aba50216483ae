"""Which calls become spans, and what is passed on of their traces."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import StatusCode

from interceptors.core.call import Call, begin
from interceptors.core.trace_context import current_trace_id, current_traceparent
from interceptors.tracing import end_span
from mesh.contract import load_contract
from tests.support.tracing import recording_provider, recording_traces

(METHOD, *_) = load_contract().methods_of("order")
RATIO = 0.5
RECORDED, DROPPED = f"{0x1234_0000_0000_0000_0001:032x}", f"{0x1234_FFFF_0000_0000_0001:032x}"
NO_TRACE = "0" * 32
PLACE = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@pytest.fixture(autouse=True)
def _outside_any_span() -> Iterator[None]:
    """Tests share a thread: what one has begun must not be the parent of the next one's spans."""
    outside = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(outside)


@dataclass(slots=True)
class Tracing:
    exported: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def begun(self, traceparent: str = "") -> Call:
        """A call that was sent with a traceparent."""
        call = Call(METHOD, {"traceparent": traceparent})
        begin(call)
        recording_traces(self.exported, RATIO).begin(call)
        return call

    def ended(self, traceparent: str = "", *, code: int = 0) -> Call:
        """The same from its beginning to its end."""
        call = self.begun(traceparent)
        end_span(call, code=code, end_ns=time.time_ns())
        return call


@pytest.mark.parametrize("flags", ["00", "01"])
@pytest.mark.parametrize(("trace_id", "recorded"), [(RECORDED, True), (DROPPED, False)])
def test_the_trace_id_decides_whatever_the_caller_did(trace_id: str, flags: str, recorded: bool) -> None:
    tracing = Tracing()

    tracing.ended(f"00-{trace_id}-00f067aa0ba902b7-{flags}")

    assert current_trace_id() == trace_id
    spans = tracing.exported.get_finished_spans()
    assert [(f"{span.context.trace_id:032x}", span.parent.span_id) for span in spans if span.parent] == (
        [(trace_id, 0x00F067AA0BA902B7)] if recorded else []
    )


def test_new_traces_are_decided_on_as_the_sdk_would() -> None:
    tracing = Tracing()

    ids = {tracing.ended().trace_id for _ in range(200)}

    recorded = {span.context.trace_id for span in tracing.exported.get_finished_spans()}
    assert recorded == {
        each for each in ids if each & TraceIdRatioBased.TRACE_ID_LIMIT < TraceIdRatioBased(RATIO).bound
    }
    assert len(ids) == 200
    assert 0 < len(recorded) < 200
    assert {span.parent for span in tracing.exported.get_finished_spans()} == {None}


@pytest.mark.parametrize(("trace_id", "sampled"), [(RECORDED, 1), (DROPPED, 0)])
@pytest.mark.parametrize("random_id", [0, 2])
def test_what_is_called_next_hears_of_this_call_as_its_parent(
    trace_id: str, sampled: int, random_id: int
) -> None:
    call = Tracing().begun(f"00-{trace_id}-00f067aa0ba902b7-{random_id:02x}")

    place = PLACE.fullmatch(current_traceparent())

    assert place is not None
    assert place[1] == trace_id
    assert int(place[2], 16) == call.span_id
    assert int(place[2], 16) not in (0, 0x00F067AA0BA902B7)
    assert int(place[3], 16) == sampled | random_id
    assert current_traceparent() == place[0]


@pytest.mark.parametrize(
    "sent",
    ["x", f"00-{NO_TRACE}-00f067aa0ba902b7-01", f"00-{RECORDED}-0000000000000000-01", f"ff-{RECORDED}"],
)
def test_what_is_no_traceparent_begins_a_new_trace(sent: str) -> None:
    call = Tracing().begun(sent)

    assert current_trace_id() not in (RECORDED, NO_TRACE)
    assert call.trace_id


@pytest.mark.parametrize(("code", "status"), [(0, StatusCode.UNSET), (5, StatusCode.ERROR)])
def test_a_span_has_names_and_numbers(code: int, status: StatusCode) -> None:
    tracing = Tracing()

    tracing.ended(f"00-{RECORDED}-00f067aa0ba902b7-01", code=code)

    (span,) = tracing.exported.get_finished_spans()
    assert span.name == METHOD.full_name[1:]
    assert span.status.status_code is status
    assert span.attributes == {
        "rpc.system": "grpc",
        "rpc.service": METHOD.service,
        "rpc.method": METHOD.name,
        "rpc.grpc.status_code": code,
        "shopmesh.db.queries": 0,
    }


@pytest.mark.parametrize(("trace_id", "recorded"), [(RECORDED, True), (DROPPED, False), ("", None)])
def test_spans_of_libraries_belong_to_the_call(trace_id: str, recorded: bool | None) -> None:
    tracing = Tracing()
    tracer = recording_provider(tracing.exported, RATIO).get_tracer("a driver")
    call = tracing.begun(f"00-{trace_id}-00f067aa0ba902b7-01" if trace_id else "")

    with tracer.start_as_current_span("SELECT") as inner:
        place = inner.get_span_context()

    spans = tracing.exported.get_finished_spans()
    assert place.trace_id == call.trace_id
    assert inner.is_recording() is False
    assert bool(spans) is (recorded if recorded is not None else call.span is not None)
    assert all(span.parent and span.parent.span_id == call.span_id for span in spans)


def test_what_a_library_calls_hears_of_the_librarys_span() -> None:
    tracing = Tracing()
    tracing.begun(f"00-{RECORDED}-00f067aa0ba902b7-01")

    with recording_provider(tracing.exported, RATIO).get_tracer("a library").start_as_current_span("retry"):
        place = PLACE.fullmatch(current_traceparent())

    (inner,) = tracing.exported.get_finished_spans()
    assert place is not None
    assert int(place[2], 16) == inner.context.span_id
