"""The call that is being answered: what the interceptors learn of it and share."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from interceptors.core.identity import ANONYMOUS, Caller

if TYPE_CHECKING:
    # Callers answer no calls: they need neither at run time.
    from opentelemetry.trace import Span

    from mesh.contract import Method

Context = grpc.aio.ServicerContext[Any, Any]
"""What grpc hands to every handler."""

Behavior = Callable[[Any, Context], Coroutine[Any, Any, Any]]
"""Answers a request or a stream of requests; ends when the call ends."""


@dataclass(slots=True, eq=False)
class Call:
    """One call, from its first interceptor to its last.

    Attributes:
        method: What the contract says about it.
        metadata: The request's metadata; the last value of a repeated key.
        trace_id: The trace that it belongs to.
        trace_flags: That trace's flags as of W3C Trace Context.
        span_id: Its own span in that trace; 0 until somebody asks.
        span: That span, if it is recorded.
        from_edge: Whether the front proxy sent it.
        caller: Who calls, once their token is verified.
        request: What it asks for; a stream of requests where there are several.
        raw_request: What it asks for as it was sent, where that differs: the texts are not normalised.
        start_ns: When it began, on the clock of `time.perf_counter_ns`.
        took_ns: How long it took, once it has ended.
        status: How it has ended.
        deadline: When it ends, on the event loop's clock in seconds.
        task: Answers it.
        deadline_exceeded: Whether its deadline has ended it.
        queries: SQL statements so far.
        cache: How often the in-process cache, the shared cache, and none answered.
        replica: Which database answered a read.
        write_positions: What this call's writes reached, by service.
        min_read_positions: What this call's reads must have reached, by service.
    """

    method: "Method"
    metadata: Mapping[str, str | bytes]
    trace_id: int = 0
    trace_flags: int = 0
    span_id: int = 0
    span: "Span | None" = None
    from_edge: bool = False
    caller: Caller = ANONYMOUS
    request: Any = None
    raw_request: Any = None
    start_ns: int = 0
    took_ns: int = 0
    status: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    deadline: float | None = None
    task: "asyncio.Task[Any] | None" = None
    deadline_exceeded: bool = False
    queries: int = 0
    cache: tuple[int, int, int] = (0, 0, 0)
    replica: str = ""
    write_positions: dict[str, str] = field(default_factory=dict)
    min_read_positions: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A metadata value as text; empty when absent."""
        value = self.metadata.get(key)
        if value is None:
            return ""
        return value if isinstance(value, str) else value.decode(errors="replace")


_current: ContextVar[Call | None] = ContextVar("shopmesh_call", default=None)


def begin(call: Call) -> None:
    """Make `call` the current one of this task and of those it starts."""
    _current.set(call)


def current_call() -> Call:
    """The call being answered.

    Raises:
        LookupError: No call is being answered here.
    """
    call = _current.get()
    if call is None:
        raise LookupError("no call is being answered here")
    return call


def current_call_or_none() -> Call | None:
    """The call being answered, or None in a background task."""
    return _current.get()
