"""Adjacent hooks in one coroutine: the same as one coroutine per hook, for less processor time.

One coroutine per interceptor costs as much as a cheap interceptor does (docs/decisions/0013).
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any, cast

from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.core.call import Behavior, Call, Context, current_call
from interceptors.core.hooks import Hook, nest

_Method = Callable[..., Awaitable[None] | None]


def nest_hooks_in_one(chain: Sequence[AsyncServerInterceptor], inner: Behavior, method_name: str) -> Behavior:
    """Put interceptors around a behavior, as `nest` does, adjacent hooks as one."""
    for are_hooks, group in groupby(reversed(chain), lambda each: isinstance(each, Hook)):
        adjacent = tuple(group)[::-1]
        if are_hooks:
            inner = _in_one(cast(tuple[Hook, ...], adjacent), inner)
        else:
            inner = nest(adjacent, inner, method_name)
    return inner


def _in_one(hooks: Sequence[Hook], inner: Behavior) -> Behavior:
    """Run the hooks around `inner`, the first one outermost; methods that are not overridden are not called.

    An error unwinds through the hooks that have started and not yet ended.
    """
    starts = _overridden(hooks, "on_start")
    ends = _overridden(hooks, "on_end")[::-1]
    errors = _overridden(hooks, "on_error")[::-1]

    async def proceed(request_or_iterator: Any, context: Context) -> Any:
        call = current_call()
        try:
            for place, on_start in starts:  # noqa: B007 - an error unwinds from before this place
                waiting = on_start(call, request_or_iterator, context)
                if waiting is not None:
                    await waiting
            place = len(hooks)
            response = await inner(request_or_iterator, context)
            for place, on_end in ends:  # noqa: B007 - as above
                waiting = on_end(call, context)
                if waiting is not None:
                    await waiting
        except BaseException as error:  # noqa: BLE001 - a cancellation unwinds like any error
            outer = [on_error for started, on_error in errors if started < place]
            raise await _unwind(error, outer, call, context) from None
        return response

    return proceed


async def _unwind(
    error: BaseException, methods: Sequence[_Method], call: Call, context: Context
) -> BaseException:
    """Pass an error outwards; the error that remains."""
    for on_error in methods:
        try:
            waiting = on_error(call, context, error)
            if waiting is not None:
                await waiting
        except BaseException as other:  # noqa: BLE001 - the outer hooks have to see every error
            error = other
    return error


def _overridden(hooks: Sequence[Hook], method: str) -> list[tuple[int, _Method]]:
    """The overridden methods of this name, each with the place of its hook, counted from the outermost."""
    return [
        (place, getattr(hook, method))
        for place, hook in enumerate(hooks)
        if getattr(type(hook), method) is not getattr(Hook, method)
    ]
