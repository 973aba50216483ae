"""BatchGetStock as the drivers send it."""

from collections.abc import Sequence
from pathlib import Path

import grpc

from bench.h2load import Target, grpc_headers, write_grpc_body
from bench.instance import Instance
from bench.open_loop import Call
from shopmesh.inventory.v1 import inventory_service_pb2 as pb

GET_STOCK = "/shopmesh.inventory.v1.InventoryService/GetStock"
BATCH_GET_STOCK = "/shopmesh.inventory.v1.InventoryService/BatchGetStock"
FRAME_BYTES = 5
_TIMEOUT_SECONDS = 30.0


def request_of(skus: Sequence[str]) -> bytes:
    return pb.BatchGetStockRequest(skus=skus).SerializeToString()


async def answer_of(address: str, request: bytes) -> bytes:
    """What a server answers, as bytes."""
    async with grpc.aio.insecure_channel(address) as channel:
        return await stub_of(channel)(request, timeout=_TIMEOUT_SECONDS)


def grpc_target(home: Instance, folder: Path, request: bytes, answer: bytes, *, worker: int = 0) -> Target:
    """A server's BatchGetStock for h2load."""
    body = folder / "request.bin"
    write_grpc_body(body, request)
    return Target(
        url=f"http://{home.address('inventory', worker)}{BATCH_GET_STOCK}",
        body=body,
        answer_bytes=len(answer) + FRAME_BYTES,
        headers=grpc_headers(home.user_token()),
    )


def get_stock_request(sku: str) -> bytes:
    return pb.GetStockRequest(sku=sku).SerializeToString()


async def queries_of(channel: grpc.aio.Channel, method: str, request: bytes, *, token: str) -> int:
    """How many SQL statements a call cost, by its trailers."""
    call = stub_of(channel, method)(request, metadata=_bearer(token), timeout=_TIMEOUT_SECONDS)
    await call
    return int(dict(await call.trailing_metadata())["x-db-queries"])


def batch_call(
    channels: Sequence[grpc.aio.Channel], requests: Sequence[bytes], *, token: str, size: int
) -> Call:
    """A call for the drivers of our own; right is an answer with so many SKUs."""
    stubs = [stub_of(channel) for channel in channels]
    metadata = _bearer(token)

    async def call(number: int) -> bool:
        stub, request = stubs[number % len(stubs)], requests[number % len(requests)]
        try:
            answer = await stub(request, metadata=metadata, timeout=_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return len(pb.BatchGetStockResponse.FromString(answer).stock) == size

    return call


def stub_of(
    channel: grpc.aio.Channel, method: str = BATCH_GET_STOCK
) -> "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]":
    """A method without messages: bytes in, bytes out."""
    return channel.unary_unary(method)


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)
