"""A plain grpc.aio server that answers each method with the bytes of a file named after it.

`python -m bench.servers.echo FOLDER SERVICE…` listens on the gRPC ports of these services.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import uvloop

from mesh.settings import MeshSettings
from mesh.topology import grpc_port


class Echoes(grpc.GenericRpcHandler):
    """Answers every method that has a file."""

    def __init__(self, folder: Path) -> None:
        self._handlers = {file.stem: _handler(file.read_bytes()) for file in folder.glob("*.bin")}

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        return self._handlers.get(str(details.method).rpartition("/")[2])


async def serve(folder: Path, ports: Sequence[int]) -> None:
    """Serve until the process is ended."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((Echoes(folder),))
    for port in ports:
        server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await asyncio.Event().wait()


def _handler(answer: bytes) -> "grpc.RpcMethodHandler[Any, Any]":
    async def echo(_request: bytes, _context: Any) -> bytes:
        return answer

    return grpc.unary_unary_rpc_method_handler(echo)


if __name__ == "__main__":
    settings = MeshSettings.from_environ(os.environ)
    uvloop.run(serve(Path(sys.argv[1]), [grpc_port(name, 0, settings.port_offset) for name in sys.argv[2:]]))
