"""Concerns that act before and after a call, not around it: neighbours share one coroutine.

A coroutine more on every call costs as much as some of these concerns do.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.call import Behavior, Call, Context, current_call


class Step(AsyncServerInterceptor):
    """An interceptor whose work is done in `enter` and `leave`."""

    def enter(self, call: Call, request_or_iterator: Any, context: Context) -> Awaitable[None] | None:
        """Before the rest of the chain; raises to refuse. What it returns is awaited, if anything."""
        return None

    def leave(self, call: Call, context: Context) -> Awaitable[None] | None:
        """After an answer; what it returns is awaited, if anything."""
        return None

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Enter, proceed, leave."""
        return await in_turn((self,), method)(request_or_iterator, context)


def in_turn(steps: Sequence[Step], inner: Behavior) -> Behavior:
    """Enter all steps, proceed, leave them in the opposite order.

    Those that only enter, or only leave, are not asked for the other.
    """
    enters = [step.enter for step in steps if type(step).enter is not Step.enter]
    leaves = [step.leave for step in reversed(steps) if type(step).leave is not Step.leave]

    async def proceed(request_or_iterator: Any, context: Context) -> Any:
        call = current_call()
        for enter in enters:
            waiting = enter(call, request_or_iterator, context)
            if waiting is not None:
                await waiting
        response = await inner(request_or_iterator, context)
        for leave in leaves:
            waiting = leave(call, context)
            if waiting is not None:
                await waiting
        return response

    return proceed
