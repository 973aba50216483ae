"""One log line and one measurement for every call, and the end of its span."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from prometheus_client import Counter, Histogram

from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.redaction import redacted
from interceptors.tracing import end_span
from mesh.contract import Idempotency

CALLS = Counter("shopmesh_calls_total", "Calls by method and status code.", ("method", "code"))
SECONDS = Histogram(
    "shopmesh_call_seconds",
    "Time from the first interceptor to the answer, in seconds.",
    ("method",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
Log = Callable[[Sequence[dict[str, Any]]], None]
"""Writes lines."""

_GATHER_SECONDS = 0.01
# grpc returns a status as a number or as it was set.
_STATUSES: dict[Any, grpc.StatusCode] = {
    known: status for status in grpc.StatusCode for known in (status, status.value[0])
}


class CallRecords:
    """Logs and counts calls; the request's fields only where a call changed or refused something.

    Records are flushed in batches every 10 ms. Those still buffered when the process is killed are lost.
    """

    def __init__(self, *, log: Log, personal_fields: frozenset[str]) -> None:
        self._log = log
        self._personal_fields = personal_fields
        self._metrics_by_outcome: dict[tuple[str, grpc.StatusCode], StatusMetrics] = {}
        self._pending: list[Call] = []

    @classmethod
    @contextmanager
    def open(cls, *, log: Log, personal_fields: frozenset[str]) -> Iterator[Self]:
        """Records of which all are written when they are left."""
        records = cls(log=log, personal_fields=personal_fields)
        try:
            yield records
        finally:
            records.flush()

    def record(self, call: Call, status: grpc.StatusCode) -> None:
        """Write of a call soon; it ends now."""
        call.status = status
        call.took_ns = time.perf_counter_ns() - call.start_ns
        if not self._pending:
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self.flush)
        self._pending.append(call)

    def flush(self) -> None:
        """Write what waits."""
        pending, self._pending = self._pending, []
        to_epoch_ns = time.time_ns() - time.perf_counter_ns()
        lines: list[dict[str, Any]] = []
        counts: defaultdict[StatusMetrics, int] = defaultdict(int)
        for call in pending:
            end_ns = call.start_ns + call.took_ns + to_epoch_ns
            metrics = self._metrics(call)
            counts[metrics] += 1
            metrics.timer.observe(call.took_ns / 1e9)
            lines.append(self._line(call, metrics, end_ns))
            end_span(call, code=metrics.number, end_ns=end_ns)
        for metrics, count in counts.items():
            metrics.counter.inc(count)
        self._log(lines)

    def _metrics(self, call: Call) -> "StatusMetrics":
        place = call.method.full_name, call.status
        metrics = self._metrics_by_outcome.get(place)
        if metrics is None:
            metrics = self._metrics_by_outcome[place] = StatusMetrics.of(call)
        return metrics

    def _line(self, call: Call, metrics: "StatusMetrics", end_ns: int) -> dict[str, Any]:
        line = {
            "event": "call",
            "level": "info",
            "timestamp": datetime.fromtimestamp(end_ns / 1e9, UTC),
            "method": call.method.full_name,
            "code": metrics.name,
            "ms": round(call.took_ns / 1e6, 2),
            "caller": call.caller.kind.value,
            "subject": call.caller.subject,
            "edge": call.from_edge,
            "queries": call.queries,
            "trace_id": f"{call.trace_id:032x}",
        }
        if metrics.logs_request and isinstance(call.request, Message):
            line["request"] = redacted(call.request, self._personal_fields)
        return line


@dataclass(frozen=True, slots=True, eq=False)
class StatusMetrics:
    """The metrics of one method and status, looked up once.

    Attributes:
        name: The status.
        number: The same on the wire.
        logs_request: Whether the log line has the request too.
        counter: Counts them.
        timer: Times all calls of the method.
    """

    name: str
    number: int
    logs_request: bool
    counter: Counter
    timer: Histogram

    @classmethod
    def of(cls, call: Call) -> Self:
        method, status = call.method, call.status
        is_reading = method.idempotency is Idempotency.NO_SIDE_EFFECTS
        return cls(
            name=status.name,
            number=status.value[0],
            logs_request=status is not grpc.StatusCode.OK or not is_reading,
            counter=CALLS.labels(method.full_name, status.name),
            timer=SECONDS.labels(method.full_name),
        )


class AccessLogInterceptor(Hook):
    """Notes how every call went."""

    def __init__(self, *, records: CallRecords) -> None:
        self._records = records

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Look at the clock."""
        call.request = request_or_iterator
        call.start_ns = time.perf_counter_ns()

    def on_end(self, call: Call, context: Context) -> None:
        """Note that it was answered."""
        self._records.record(call, grpc.StatusCode.OK)

    def on_error(self, call: Call, context: Context, error: BaseException) -> None:
        """Note why it was not."""
        is_answered = isinstance(error, grpc.aio.AbortError)
        self._records.record(call, _STATUSES[context.code()] if is_answered else _cut(call))


def _cut(call: Call) -> grpc.StatusCode:
    """What ended a call that nobody answered: its deadline, or the caller."""
    is_over = call.deadline is not None and asyncio.get_running_loop().time() >= call.deadline
    return grpc.StatusCode.DEADLINE_EXCEEDED if is_over else grpc.StatusCode.CANCELLED
