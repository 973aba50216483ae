"""Gives every call an end: the caller's deadline, but never more than the contract allows."""

import asyncio
from typing import Any

import grpc
from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.call import Behavior, Context, current_call
from interceptors.refusal import Refused

STREAM_GRACE_SECONDS = 5.0
"""A stream ends itself with `closed` at its deadline; only then is it cut."""


class DeadlineInterceptor(AsyncServerInterceptor):
    """Caps the deadline; an expired call does no work."""

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Proceed until the deadline."""
        call = current_call()
        allowed = call.method.policy.deadline_seconds
        if call.method.server_streaming:
            allowed += STREAM_GRACE_SECONDS
        asked: float | None = context.time_remaining()
        remaining = allowed if asked is None else min(asked, allowed)
        if remaining <= 0:
            raise _expired(allowed)
        call.deadline = asyncio.get_running_loop().time() + remaining
        timeout = asyncio.timeout(remaining)
        try:
            async with timeout:
                return await method(request_or_iterator, context)
        except TimeoutError:
            if timeout.expired():
                raise _expired(allowed) from None
            raise


def _expired(allowed: float) -> Refused:
    return Refused(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        f"the call did not end before its deadline; at most {allowed:g} s are allowed",
    )
