"""One log line and one measurement for every call."""

import time
from functools import cached_property
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message
from grpc_interceptor.server import AsyncServerInterceptor
from prometheus_client import Counter, Histogram

from interceptors.auth.caller import caller
from interceptors.call import Behavior, Call, Context, current_call
from interceptors.redaction import redacted
from interceptors.tracing import current_trace_id
from mesh.contract import Idempotency

CALLS = Counter("shopmesh_calls_total", "Calls by method and status code.", ("method", "code"))
SECONDS = Histogram(
    "shopmesh_call_seconds",
    "Time from the first interceptor to the answer, in seconds.",
    ("method",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_OK = "OK"
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class AccessLogInterceptor(AsyncServerInterceptor):
    """Logs and counts; the request's fields only where the call changed or refused something."""

    def __init__(self, *, personal_fields: frozenset[str]) -> None:
        self._personal_fields = personal_fields
        self._counters: dict[tuple[str, str], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    @cached_property
    def _log(self) -> Any:
        """Made at the first call, when logging is configured; every use of a lazy logger makes another."""
        return structlog.get_logger().bind()

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Proceed, then record how it went."""
        started = time.perf_counter()
        code = "CANCELLED"
        try:
            response = await method(request_or_iterator, context)
            code = _OK
            return response
        except grpc.aio.AbortError:
            code = _name(context.code())
            raise
        finally:
            seconds = time.perf_counter() - started
            self._count(method_name, code, seconds)
            self._write(current_call(), code, seconds, request_or_iterator)

    def _count(self, method_name: str, code: str, seconds: float) -> None:
        """Remember what belongs to the labels: looking it up costs more than counting."""
        counter = self._counters.get((method_name, code))
        if counter is None:
            counter = self._counters[method_name, code] = CALLS.labels(method_name, code)
            self._timers[method_name] = SECONDS.labels(method_name)
        counter.inc()
        self._timers[method_name].observe(seconds)

    def _write(self, call: Call, code: str, seconds: float, request: Any) -> None:
        who, told = caller(), {}
        if isinstance(request, Message) and _is_telling(call, code):
            told["request"] = redacted(request, self._personal_fields)
        self._log.info(
            "call",
            method=call.method.full_name,
            code=code,
            ms=round(seconds * 1000, 2),
            caller=who.kind.value,
            subject=who.subject,
            edge=call.from_edge,
            queries=call.queries,
            trace_id=current_trace_id(),
            **told,
        )


def _is_telling(call: Call, code: str) -> bool:
    return code != _OK or call.method.idempotency is not Idempotency.NO_SIDE_EFFECTS


def _name(code: Any) -> str:
    return str(code.name) if isinstance(code, grpc.StatusCode) else _NAMES.get(code, _OK)
