"""Turns exceptions into statuses; the only place that aborts a call."""

import traceback
from collections.abc import Awaitable, Mapping
from typing import NoReturn

import grpc
import structlog

from interceptors.core.call import Call, Context
from interceptors.core.hooks import Hook
from interceptors.core.status_error import DETAILS_KEY, StatusError
from interceptors.core.trace_context import current_trace_id

_log = structlog.get_logger()

StatusByError = Mapping[type[Exception], grpc.StatusCode]
"""Which status a service's own errors become; a subclass counts as its nearest base."""


class ErrorInterceptor(Hook):
    """Answers refusals and domain errors with their status, anything else with "internal error"."""

    def __init__(self, *, status_by_error: StatusByError) -> None:
        self._status_by_error = status_by_error

    def on_error(self, call: Call, context: Context, error: BaseException) -> Awaitable[None] | None:
        """Abort with what the exception means."""
        if not isinstance(error, Exception) or isinstance(error, grpc.aio.AbortError):
            return None
        refused = error if isinstance(error, StatusError) else self._refusal(error, call.method.full_name)
        return _abort(context, refused)

    def _refusal(self, error: Exception, method_name: str) -> StatusError:
        code = self._code(type(error))
        if code is None:
            return _unexpected(error, method_name)
        return StatusError(
            code,
            getattr(error, "reason", code.name),
            str(error),
            fields=tuple(getattr(error, "fields", ())),
            metadata=getattr(error, "metadata", {}),
            retry_after_seconds=getattr(error, "retry_after_seconds", None),
        )

    def _code(self, error: type[Exception]) -> grpc.StatusCode | None:
        return next(
            (self._status_by_error[base] for base in error.__mro__ if base in self._status_by_error), None
        )


def _unexpected(error: Exception, method_name: str) -> StatusError:
    trace_id = current_trace_id()
    _log.error("unexpected", method=method_name, trace_id=trace_id, error=_where(error))
    return StatusError(
        grpc.StatusCode.INTERNAL, "INTERNAL", f"internal error, trace id {trace_id}", request_id=trace_id
    )


def _where(error: Exception) -> str:
    """The exception's type and its frames; not its text, which may hold personal data."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__module__}.{type(error).__qualname__} at {places}"


async def _abort(context: Context, refused: StatusError) -> NoReturn:
    details = refused.status().SerializeToString()
    await context.abort(refused.code, refused.message, ((DETAILS_KEY, details),))
    raise AssertionError("abort returned")
