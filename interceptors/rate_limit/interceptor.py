"""Refuses callers who call more often than the method's class allows."""

from collections.abc import Mapping
from typing import Any

import grpc

from interceptors.auth.identity import CallerKind
from interceptors.call import Call, Context
from interceptors.rate_limit.gcra import Limiter
from interceptors.refusal import Refused
from interceptors.step import Step
from mesh.contract import LimitClass, LimitPer

CLIENT_ADDRESS_KEY = "x-shopmesh-client-address"
INTERNAL_CLASS = "internal"
"""Services of the mesh count against this class whatever they call."""


class RateLimitInterceptor(Step):
    """Counts each call against its class, by caller or by client address."""

    def __init__(self, *, limits: Mapping[str, LimitClass], limiter: Limiter) -> None:
        self._limits = limits
        self._limiter = limiter

    async def enter(self, call: Call, request_or_iterator: Any, context: Context) -> None:
        """Let a call pass within the limit."""
        is_service = call.caller.kind is CallerKind.SERVICE
        limit = self._limits[INTERNAL_CLASS if is_service else call.method.policy.limit_class]
        wait = await self._limiter.admit(limit, _key(limit, call, context))
        if wait > 0:
            raise over_limit(limit, wait)


def over_limit(limit: LimitClass, wait_seconds: float) -> Refused:
    """The refusal of a call over its limit."""
    return Refused(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "RATE_LIMITED",
        f"more than {limit.rate_per_minute} calls a minute (bursts of {limit.burst}) of class {limit.name}",
        metadata={"class": limit.name},
        retry_after_seconds=wait_seconds,
    )


def _key(limit: LimitClass, call: Call, context: Context) -> str:
    who = call.caller
    if limit.per is LimitPer.ADDRESS or who.kind is CallerKind.ANONYMOUS:
        return f"address:{_address(call, context)}"
    return f"client:{who.client_id}" if limit.per is LimitPer.CLIENT else f"subject:{who.subject}"


def _address(call: Call, context: Context) -> str:
    """The client's address, which is believed only from the front proxy."""
    if call.from_edge:
        return call.text(CLIENT_ADDRESS_KEY)
    return str(context.peer()).rpartition(":")[0]
