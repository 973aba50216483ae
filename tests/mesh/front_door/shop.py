"""Stub services behind a real front proxy: they record calls and answer what a test says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from mesh.contract import Contract, Method
from mesh.topology import SERVICES, grpc_port

__all__ = ["Call", "Context", "Shop", "open_shop"]

Context = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Answer = Callable[[Any, Context], Awaitable[Message] | AsyncIterator[Message]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a service saw it."""

    method: str
    metadata: Mapping[str, str | bytes]
    request: Any
    worker: int


@dataclass(slots=True)
class Shop:
    """All services of the mesh in one server.

    Attributes:
        health: Of each worker.
        calls: What arrived since the test began.
        answers: By the method's short name; a method without one answers an empty response.
    """

    health: tuple[HealthServicer, ...]
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def forget(self) -> None:
        """Make it as new for the next test."""
        self.calls.clear()
        self.answers.clear()

    @property
    def last(self) -> Call:
        return self.calls[-1]


@asynccontextmanager
async def open_shop(contract: Contract, port_offset: int, *, workers: int = 1) -> AsyncIterator[Shop]:
    """Serve every method of the contract on the ports of all services and workers."""
    shop = Shop(tuple(HealthServicer() for _ in range(workers)))
    servers = [_server(shop, contract, port_offset, worker) for worker in range(workers)]
    for health in shop.health:
        await health.set("", health_pb2.HealthCheckResponse.SERVING)
    for server in servers:
        await server.start()
    try:
        yield shop
    finally:
        for server in servers:
            await server.stop(None)


def _server(shop: Shop, contract: Contract, port_offset: int, worker: int) -> grpc.aio.Server:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_Handlers(shop, contract, worker),))
    health_pb2_grpc.add_HealthServicer_to_server(shop.health[worker], server)
    for service in SERVICES:
        server.add_insecure_port(f"127.0.0.1:{grpc_port(service, worker, port_offset)}")
    return server


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, shop: Shop, contract: Contract, worker: int) -> None:
        self._handlers = {method.full_name: _handler(shop, method, worker) for method in contract.methods}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        return self._handlers.get(handler_call_details.method)


def _handler(shop: Shop, method: Method, worker: int) -> Handler:
    response_type = GetMessageClass(method.output)

    def record(request: Any, context: Context) -> Answer | None:
        metadata = dict(context.invocation_metadata() or ())
        shop.calls.append(Call(method.full_name, metadata, request, worker))
        return shop.answers.get(method.name)

    async def unary(request: Any, context: Context) -> Message:
        answer = record(request, context)
        return await answer(request, context) if answer else response_type()  # type: ignore[misc]

    async def stream(request: Any, context: Context) -> AsyncIterator[Message]:
        answer = record(request, context)
        if answer:
            async for message in answer(request, context):  # type: ignore[union-attr]
                yield message

    serialise = {
        "request_deserializer": GetMessageClass(method.input).FromString,
        "response_serializer": response_type.SerializeToString,
    }
    make: Any = (
        grpc.unary_stream_rpc_method_handler
        if method.server_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    handler: Handler = make(stream if method.server_streaming else unary, **serialise)
    return handler
