"""Which spans are recorded, and what the others carry."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from mesh.sparing_tracer import DrawnIds, SparingTracer

HALF = TraceIdRatioBased(0.5)
RECORDED, DROPPED = 0x1234_0000_0000_0000_0001, 0x1234_FFFF_0000_0000_0001


@dataclass(frozen=True, slots=True)
class Tracing:
    sparing: SparingTracer
    exported: InMemorySpanExporter


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    ids, exported = DrawnIds(), InMemorySpanExporter()
    provider = TracerProvider(sampler=HALF, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exported))
    yield Tracing(SparingTracer(provider.get_tracer("test"), bound=HALF.bound, ids=ids), exported)
    provider.shutdown()


def inside(trace_id: int, flags: int = 0) -> Context:
    parent = SpanContext(trace_id, 7, is_remote=True, trace_flags=TraceFlags(flags))
    return trace.set_span_in_context(NonRecordingSpan(parent))


@pytest.mark.parametrize("flags", [0, TraceFlags.SAMPLED])
@pytest.mark.parametrize(("trace_id", "recorded"), [(RECORDED, True), (DROPPED, False)])
def test_the_trace_id_decides_whatever_the_caller_did(
    tracing: Tracing, trace_id: int, flags: int, recorded: bool
) -> None:
    span = tracing.sparing.start_span("call", inside(trace_id, flags))
    span.end()

    assert span.is_recording() is False
    assert span.get_span_context().trace_id == trace_id
    assert span.get_span_context().trace_flags.sampled is recorded
    assert len(tracing.exported.get_finished_spans()) == int(recorded)


def test_new_traces_are_decided_on_as_the_sampler_would(tracing: Tracing) -> None:
    started = [tracing.sparing.start_span("call", Context()).get_span_context() for _ in range(200)]

    below = {
        span.trace_id for span in started if span.trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < HALF.bound
    }
    assert {span.trace_id for span in started if span.trace_flags.sampled} == below
    assert 0 < len(below) < 200


def test_a_recorded_new_trace_has_no_parent_and_the_next_one_another_id(tracing: Tracing) -> None:
    for _ in range(100):
        tracing.sparing.start_span("call", Context()).end()

    finished = tracing.exported.get_finished_spans()
    assert {span.parent for span in finished} == {None}
    assert len({span.context.trace_id for span in finished}) == len(finished)


@pytest.mark.parametrize("flags", [TraceFlags.DEFAULT, TraceFlags.RANDOM_TRACE_ID])
@pytest.mark.parametrize("trace_id", [RECORDED, DROPPED])
def test_the_callers_word_that_its_id_is_random_is_passed_on(
    tracing: Tracing, trace_id: int, flags: int
) -> None:
    span = tracing.sparing.start_span("call", inside(trace_id, flags))

    assert span.get_span_context().trace_flags & TraceFlags.RANDOM_TRACE_ID == flags
