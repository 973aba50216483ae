"""Which server a process gets, and that both answer alike."""

from typing import Any

import grpc
import pytest

from mesh.server.accept_queue import PrefetchingServer
from mesh.server.grpc_server import TESTED_GRPCIO, make_grpc_server


@pytest.mark.parametrize(
    ("fast_path", "version", "is_fast"),
    [
        (True, grpc.__version__, True),
        (False, grpc.__version__, False),
        (True, "1.99.0", False),
        (True, "2.0.0rc1", False),
        *((True, f"{minor}.17", True) for minor in TESTED_GRPCIO),
    ],
)
async def test_only_a_tested_grpcio_gets_the_fast_path(
    monkeypatch: pytest.MonkeyPatch, fast_path: bool, version: str, is_fast: bool
) -> None:
    monkeypatch.setattr(grpc, "__version__", version)

    server: Any = make_grpc_server(fast_path=fast_path)

    assert isinstance(server._server, PrefetchingServer) == is_fast
    assert await answers(server) == [b"%d" % number for number in range(100)]


async def answers(server: grpc.aio.Server) -> list[bytes]:
    async def echo(request: bytes, _context: object) -> bytes:
        return request

    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Say": grpc.unary_unary_rpc_method_handler(echo)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        say: Any = channel.unary_unary("/echo.Echo/Say")
        said = [await say(b"%d" % number, timeout=20) for number in range(100)]
    await server.stop(None)
    return said
