"""The call that is being answered: what the interceptors learn of it and share."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import grpc

from mesh.contract import Method

Context = grpc.aio.ServicerContext[Any, Any]
"""What grpc hands to every handler."""

Behavior = Callable[[Any, Context], Awaitable[Any]]
"""Answers a request or a stream of requests; ends when the call ends."""


@dataclass(slots=True)
class Call:
    """One call, from its first interceptor to its last.

    Attributes:
        method: What the contract says about it.
        metadata: The request's metadata; the last value of a repeated key.
        wire: The request as it was sent, where the method has path fields.
        from_edge: Whether the front proxy sent it.
        address: The client's address; only for limits.
        deadline: When it ends, on the event loop's clock in seconds.
        queries: SQL statements so far.
        cache: How often the in-process cache, the shared cache, and none answered.
        replica: Which database answered a read.
        written: Positions that this call's writes reached, by service.
        required: Positions that this call's reads must have reached, by service.
    """

    method: Method
    metadata: Mapping[str, str | bytes]
    wire: bytes = b""
    from_edge: bool = False
    address: str = ""
    deadline: float | None = None
    queries: int = 0
    cache: list[int] = field(default_factory=lambda: [0, 0, 0])
    replica: str = ""
    written: dict[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A metadata value as text; empty when absent."""
        value = self.metadata.get(key, "")
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
