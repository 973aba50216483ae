"""Interceptors as what happens before and after a call: neighbours share one coroutine.

A coroutine more on every call costs as much as some of these concerns do.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.core.call import Behavior, Call, Context, current_call

Hook = Callable[..., Awaitable[None] | None]


class Step(AsyncServerInterceptor):
    """An interceptor whose work is done in `enter`, and in `leave` or `fail`.

    What these return is awaited, if anything.
    """

    def enter(self, call: Call, request_or_iterator: Any, context: Context) -> Awaitable[None] | None:
        """Before the rest of the chain; raises to refuse."""
        return None

    def leave(self, call: Call, context: Context) -> Awaitable[None] | None:
        """After an answer."""
        return None

    def fail(self, call: Call, context: Context, error: BaseException) -> Awaitable[None] | None:
        """After an error of the rest of the chain; raises to put another in its place."""
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
    """Enter all steps, proceed, leave them in the opposite order; what is not overridden is not called.

    An error goes outwards through those that were entered and not yet left.
    """
    enters = _overridden(steps, "enter")
    leaves = _overridden(steps, "leave")[::-1]
    fails = _overridden(steps, "fail")[::-1]

    async def proceed(request_or_iterator: Any, context: Context) -> Any:
        call = current_call()
        try:
            for place, enter in enters:  # noqa: B007 - the error's way begins before this place
                waiting = enter(call, request_or_iterator, context)
                if waiting is not None:
                    await waiting
            place = len(steps)
            response = await inner(request_or_iterator, context)
            for place, leave in leaves:  # noqa: B007 - as above
                waiting = leave(call, context)
                if waiting is not None:
                    await waiting
        except BaseException as error:  # noqa: BLE001 - a cancellation goes outwards like any error
            outer = [fail for entered, fail in fails if entered < place]
            raise await _outwards(error, outer, call, context) from None
        return response

    return proceed


async def _outwards(
    error: BaseException, fails: Sequence[Hook], call: Call, context: Context
) -> BaseException:
    """What becomes of an error."""
    for fail in fails:
        try:
            waiting = fail(call, context, error)
            if waiting is not None:
                await waiting
        except BaseException as other:  # noqa: BLE001 - whatever it is, those outside have to hear of it
            error = other
    return error


def _overridden(steps: Sequence[Step], hook: str) -> list[tuple[int, Hook]]:
    """The hooks that do something, and which step each belongs to, counted from the outermost."""
    return [
        (place, getattr(step, hook))
        for place, step in enumerate(steps)
        if getattr(type(step), hook) is not getattr(Step, hook)
    ]
