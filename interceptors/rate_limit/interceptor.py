"""Refuses callers who call more often than the method's class allows."""

from collections.abc import Awaitable, Mapping
from typing import Any

import grpc

from interceptors.core.call import Call, Context
from interceptors.core.client_address import client_address
from interceptors.core.hooks import Hook
from interceptors.core.identity import CallerKind
from interceptors.core.status_error import StatusError
from interceptors.rate_limit.gcra import Limiter
from mesh.contract import LimitClass, LimitPer

INTERNAL_CLASS = "internal"
"""Services of the mesh count against this class whatever they call."""


class RateLimitInterceptor(Hook):
    """Counts each call against its class, by caller or by client address."""

    def __init__(self, *, limits: Mapping[str, LimitClass], limiter: Limiter) -> None:
        self._limits = limits
        self._limiter = limiter

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> Awaitable[None] | None:
        """Let a call pass within the limit."""
        is_service = call.caller.kind is CallerKind.SERVICE
        limit = self._limits[INTERNAL_CLASS if is_service else call.method.policy.limit_class]
        key = _key(limit, call, context)
        wait_seconds = self._limiter.admit(limit, key)
        if not isinstance(wait_seconds, float):
            return _refuse_later(limit, wait_seconds)
        _refuse_over(limit, wait_seconds)
        return None


async def _refuse_later(limit: LimitClass, wait_seconds: Awaitable[float]) -> None:
    _refuse_over(limit, await wait_seconds)


def _refuse_over(limit: LimitClass, wait_seconds: float) -> None:
    if wait_seconds > 0:
        raise over_limit(limit, wait_seconds)


def over_limit(limit: LimitClass, wait_seconds: float) -> StatusError:
    """The refusal of a call over its limit."""
    return StatusError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        f"more than {limit.rate_per_minute} calls a minute (bursts of {limit.burst}) of class {limit.name}",
        metadata={"class": limit.name},
        retry_after_seconds=wait_seconds,
    )


def _key(limit: LimitClass, call: Call, context: Context) -> str:
    who = call.caller
    if limit.per is LimitPer.ADDRESS or who.kind is CallerKind.ANONYMOUS:
        return f"address:{client_address(call, context)}"
    return f"client:{who.client_id}" if limit.per is LimitPer.CLIENT else f"subject:{who.subject}"
