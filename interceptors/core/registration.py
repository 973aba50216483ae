"""Wraps the chain around every handler, once, when it is registered, and begins calls."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc
from grpc_interceptor.server import AsyncServerInterceptor

from interceptors.core.call import Behavior, Call, Context, begin
from interceptors.core.decoding import decoder
from interceptors.core.hooks import nest
from interceptors.core.hooks_fast_path import nest_hooks_in_one
from interceptors.core.status_error import StatusError
from mesh.contract import Method


class InterceptedHandlers(grpc.GenericRpcHandler):
    """The handlers of a server, with the chain around them.

    Inside, every call is one awaitable that ends with the call, streams too: the
    innermost layer writes a stream's messages itself. An interceptor therefore
    sees the whole life of every kind of call.
    """

    def __init__(
        self,
        handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"],
        methods: Mapping[str, Method],
        chain: Sequence[AsyncServerInterceptor],
        *,
        fast_path: bool = True,
    ) -> None:
        """Wrap the chain around handlers, both by the methods' full names.

        Args:
            handlers: The servicers' own.
            methods: What the contract says about them.
            chain: The interceptors, outermost first.
            fast_path: Whether adjacent hooks share a coroutine.
        """
        self._handlers = {
            name: (methods[name], _wrapped(handler, methods[name], chain, fast_path=fast_path))
            for name, handler in handlers.items()
        }

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Begin a call: grpc asks for its handler in the task that answers it, with the metadata at hand."""
        found = self._handlers.get(handler_call_details.method)
        if found is None:
            return None
        method, handler = found
        begin(Call(method, dict(handler_call_details.invocation_metadata)))
        return handler


def _wrapped(
    handler: "grpc.RpcMethodHandler[Any, Any]",
    method: Method,
    chain: Sequence[AsyncServerInterceptor],
    *,
    fast_path: bool,
) -> "grpc.RpcMethodHandler[Any, Any]":
    # A stream of requests has to pass through each interceptor.
    put_around = nest_hooks_in_one if fast_path and not method.client_streaming else nest
    behavior = put_around(chain, _innermost(handler), method.full_name)
    deserialize = handler.request_deserializer
    if deserialize is not None:
        deserialize = decoder(deserialize, method.input)
    return _factory(handler)(behavior, deserialize, handler.response_serializer)


class HandlerCollector:
    """Collects the handlers that a generated `add_…Servicer_to_server` registers.

    Handlers are then added as generic ones: registered ones cost grpcio more on
    every call (docs/decisions/0004).
    """

    def __init__(self) -> None:
        self.services: set[str] = set()
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
    ) -> None:
        self.services.add(service)
        self.handlers.update({f"/{service}/{name}": handler for name, handler in handlers.items()})

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """The same handlers once more; the collected ones are enough."""


def _innermost(handler: "grpc.RpcMethodHandler[Any, Any]") -> Behavior:
    given: Any = handler
    stream = given.unary_stream or given.stream_stream
    answer = stream or given.unary_unary or given.stream_unary
    if not inspect.iscoroutinefunction(answer) and not inspect.isasyncgenfunction(answer):
        return _unimplemented
    return _drain(stream) if stream else answer


def _drain(stream: Callable[[Any, Context], AsyncIterator[Any]]) -> Behavior:
    async def drain(request_or_iterator: Any, context: Context) -> None:
        async for message in stream(request_or_iterator, context):
            await context.write(message)

    return drain


async def _unimplemented(request_or_iterator: Any, context: Context) -> None:
    """Stands for what a servicer leaves to the generated base, whose methods are not async."""
    raise StatusError(
        grpc.StatusCode.UNIMPLEMENTED,
        "NOT_IMPLEMENTED",
        "this method is part of the contract and comes later",
    )


def _factory(handler: "grpc.RpcMethodHandler[Any, Any]") -> Callable[..., "grpc.RpcMethodHandler[Any, Any]"]:
    match handler.request_streaming, handler.response_streaming:
        case False, False:
            return grpc.unary_unary_rpc_method_handler
        case False, True:
            return grpc.unary_stream_rpc_method_handler
        case True, False:
            return grpc.stream_unary_rpc_method_handler
        case _:
            return grpc.stream_stream_rpc_method_handler
