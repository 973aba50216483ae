"""The trace as a parameter."""

from collections.abc import Callable

TraceId = Callable[[], str]
"""Returns the id of the trace that is being worked for, 32 hex digits; empty outside any."""


_PARTS = 4


def untraced() -> str:
    return ""


def trace_id_of(traceparent: str) -> str:
    """The second field of `version-traceid-parentid-flags` (W3C Trace Context §3.2); empty without one."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == _PARTS else ""
