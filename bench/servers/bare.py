"""A grpc.aio server without anything: it answers BatchGetStock, always with the same bytes.

`python -m bench.servers.bare ANSWER_FILE [typed]`; typed, it is the mesh's server without the chain: it reads
and writes messages as a servicer does, accepts several calls at a time, and its threads wake in turn.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import grpc
import uvloop

from mesh.server.accept_queue import server_accepting_ahead
from mesh.server.scheduling import use_batch_scheduling
from mesh.settings import MeshSettings
from mesh.topology import grpc_port
from shopmesh.inventory.v1 import inventory_service_pb2 as pb

SERVICE = "shopmesh.inventory.v1.InventoryService"


async def serve(port: int, answer: bytes, *, typed: bool) -> None:
    """Serve until the process is ended."""
    handler, make = (_typed(answer), server_accepting_ahead) if typed else (_untyped(answer), grpc.aio.server)
    server = make(options=(("grpc.so_reuseport", 0),))
    handlers = grpc.method_handlers_generic_handler(SERVICE, {"BatchGetStock": handler})
    server.add_generic_rpc_handlers((handlers,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.Event().wait()


def _untyped(answer: bytes) -> "grpc.RpcMethodHandler[Any, Any]":
    async def echo(_request: bytes, _context: Any) -> bytes:
        return answer

    return grpc.unary_unary_rpc_method_handler(echo)


def _typed(answer: bytes) -> "grpc.RpcMethodHandler[Any, Any]":
    message = pb.BatchGetStockResponse.FromString(answer)

    async def echo(_request: pb.BatchGetStockRequest, _context: Any) -> pb.BatchGetStockResponse:
        return message

    return grpc.unary_unary_rpc_method_handler(
        echo, pb.BatchGetStockRequest.FromString, pb.BatchGetStockResponse.SerializeToString
    )


if __name__ == "__main__":
    is_typed = "typed" in sys.argv[2:]
    if is_typed:
        use_batch_scheduling()
    settings = MeshSettings.from_environ(os.environ)
    uvloop.run(
        serve(
            grpc_port("inventory", settings.worker, settings.port_offset),
            Path(sys.argv[1]).read_bytes(),
            typed=is_typed,
        )
    )
