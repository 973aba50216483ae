"""A server that accepts several calls at a time, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from mesh.server import accept_queue as accepting
from mesh.server.accept_queue import PREFETCHED_CALLS, PrefetchingServer, server_accepting_ahead
from tests.support.waiting import eventually

Answers = list["asyncio.Task[bytes]"]


class GatedServer(PrefetchingServer):
    """Accepts calls, and answers one only while its gate is open."""

    def __init__(self, *arguments: Any) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        super().__init__(*arguments)

    async def _request_call(self) -> Any:
        await self.gate.wait()
        return await super()._request_call()

    async def have_been_accepted(self) -> bool:
        return [each.done() for each in self._ahead] == [True] * (PREFETCHED_CALLS - 1)


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "PrefetchingServer", GatedServer)


async def echo(request: bytes, _context: Any) -> bytes:
    return request


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Any, Any]]:
    """The server, and the stub of its method."""
    server: Any = server_accepting_ahead(options=(("grpc.so_reuseport", 0),))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", {"Say": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield server, channel.unary_unary("/echo.Echo/Say")
        await server.stop(None)


def asked(stub: Any, calls: int) -> Answers:
    return [asyncio.ensure_future(stub(b"%d" % number, timeout=20)) for number in range(calls)]


async def all_accepted(server: Any, stub: Any) -> Answers:
    """As many calls as are accepted ahead, of which none is answered yet."""
    ahead = server._server
    ahead.gate.clear()
    # The server's loop is behind the gate already, and waits for one more call.
    await stub(b"the last before the gate", timeout=20)
    answers = asked(stub, PREFETCHED_CALLS - 1)
    await eventually(ahead.have_been_accepted, "all calls are accepted")
    assert not any(answer.done() for answer in answers)
    return answers


async def test_more_calls_than_are_accepted_ahead_are_answered() -> None:
    async with serving() as (_, stub):
        answers = await asyncio.gather(*asked(stub, 10 * PREFETCHED_CALLS))

    assert answers == [b"%d" % number for number in range(10 * PREFETCHED_CALLS)]


@pytest.mark.usefixtures("gated")
async def test_calls_are_accepted_ahead() -> None:
    async with serving() as (server, stub):
        answers = await all_accepted(server, stub)
        server._server.gate.set()

        assert await asyncio.gather(*answers) == [b"%d" % number for number in range(PREFETCHED_CALLS - 1)]


@pytest.mark.usefixtures("gated")
async def test_a_server_that_stops_answers_what_it_has_accepted() -> None:
    async with serving() as (server, stub):
        answers = await all_accepted(server, stub)
        stopping = asyncio.create_task(server.stop(20))
        await asyncio.sleep(0)
        server._server.gate.set()

        assert await asyncio.gather(*answers) == [b"%d" % number for number in range(PREFETCHED_CALLS - 1)]
        await stopping


async def test_a_call_that_could_not_be_accepted_does_not_end_the_server() -> None:
    async def broken() -> None:
        raise cygrpc._RequestCallError

    async with serving() as (server, stub):
        server._server._ahead.append(asyncio.create_task(broken()))

        assert await asyncio.gather(*asked(stub, 2 * PREFETCHED_CALLS))


async def test_a_server_that_was_not_asked_to_accept_ahead_is_grpcs_own() -> None:
    async with serving():
        plain: Any = grpc.aio.server()

    assert type(plain._server) is cygrpc.AioServer
