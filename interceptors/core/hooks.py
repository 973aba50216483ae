"""Interceptors as hooks before and after a call."""

from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.core.call import Behavior, Call, Context, current_call


class Hook(AsyncServerInterceptor):
    """An interceptor that overrides `on_start`, `on_end` or `on_error`, as functions or as coroutines."""

    def on_start(self, call: Call, request_or_iterator: Any, context: Context) -> Awaitable[None] | None:
        """Before the rest of the chain; raises to refuse the call."""
        return None

    def on_end(self, call: Call, context: Context) -> Awaitable[None] | None:
        """After a response."""
        return None

    def on_error(self, call: Call, context: Context, error: BaseException) -> Awaitable[None] | None:
        """After an error of the rest of the chain; raises to replace it with another error."""
        return None

    async def intercept(
        self,
        method: Behavior,
        request_or_iterator: Any,
        context: Context,
        method_name: str,
    ) -> Any:
        """Run this hook around the rest of the chain."""
        call = current_call()
        await _awaited(self.on_start(call, request_or_iterator, context))
        try:
            response = await method(request_or_iterator, context)
        except BaseException as error:
            await _awaited(self.on_error(call, context, error))
            raise
        await _awaited(self.on_end(call, context))
        return response


async def _awaited(result: Awaitable[None] | None) -> None:
    if result is not None:
        await result


def nest(chain: Sequence[AsyncServerInterceptor], inner: Behavior, method_name: str) -> Behavior:
    """Put interceptors around a behavior, the first one outermost."""
    for interceptor in reversed(chain):
        inner = partial(interceptor.intercept, inner, method_name=method_name)
    return inner
