"""Gives every call an end: the caller's deadline, but never more than the contract allows."""

import asyncio
from typing import Any

import grpc

from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.status_error import StatusError
from interceptors.deadline.fast_path import SharedTimers
from interceptors.deadline.timers import CallTimers, Timers

STREAM_GRACE_SECONDS = 5.0
"""A stream ends itself with `closed` at its deadline; only then is it cut."""


class DeadlineInterceptor(Hook):
    """Caps the deadline; an expired call does no work."""

    def __init__(self, *, fast_path: bool = True) -> None:
        self._timers: Timers = SharedTimers() if fast_path else CallTimers()

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a call begin that has time left."""
        allowed = _allowed_seconds(call)
        asked: float | None = context.time_remaining()
        remaining = allowed if asked is None else min(asked, allowed)
        if remaining <= 0:
            raise _expired(allowed)
        loop = asyncio.get_running_loop()
        call.deadline = loop.time() + remaining
        call.task = asyncio.current_task(loop)
        self._timers.start(call)

    def on_end(self, call: Call, context: Context) -> None:
        """Nothing is to be cut any more."""
        self._timers.cancel(call)
        # The task's context knows the call: together they would wait for the garbage collector.
        call.task = None

    def on_error(self, call: Call, context: Context, error: BaseException) -> None:
        """Distinguish a call that its deadline has cut off from one that its caller has left."""
        task = call.task
        self.on_end(call, context)
        if call.deadline_exceeded and isinstance(error, asyncio.CancelledError):
            assert task is not None
            # Cancelled by somebody else as well: then it ends as cancelled, as with `asyncio.timeout`.
            if task.uncancel() == 0:
                raise _expired(_allowed_seconds(call))


def _allowed_seconds(call: Call) -> float:
    allowed = call.method.policy.deadline_seconds
    return allowed + STREAM_GRACE_SECONDS if call.method.server_streaming else allowed


def _expired(allowed: float) -> StatusError:
    return StatusError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        f"the call did not end before its deadline; at most {allowed:g} s are allowed",
    )
