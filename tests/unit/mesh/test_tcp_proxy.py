"""The proxy that harms connections does what its name says: without that, fault tests prove nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.waiting import eventually


@asynccontextmanager
async def echo(heard: list[bytes]) -> AsyncIterator[int]:
    """A server that repeats every line; what it heard is kept."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while line := await reader.readline():
                heard.append(line)
                writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@dataclass(frozen=True)
class Client:
    """One connection through the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, line: bytes) -> None:
        self.writer.write(line)

    async def hear(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readline()


@asynccontextmanager
async def client_of(proxy: TcpProxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
async def proxy(heard: list[bytes]) -> AsyncIterator[TcpProxy]:
    async with echo(heard) as port, tcp_proxy(port) as proxy:
        yield proxy


async def test_it_passes_everything_on_in_whatever_pieces(proxy: TcpProxy) -> None:
    proxy.piece_bytes = 1
    async with client_of(proxy) as client:
        client.say(b"two mugs\n")

        assert await client.hear() == b"two mugs\n"


async def test_a_pause_keeps_everything_and_loses_nothing(proxy: TcpProxy, heard: list[bytes]) -> None:
    async with client_of(proxy) as client:
        proxy.pause()
        client.say(b"two mugs\n")
        assert heard == []

        proxy.resume()

        assert await client.hear() == b"two mugs\n"


async def test_questions_arrive_whose_answers_are_lost(proxy: TcpProxy, heard: list[bytes]) -> None:
    async def have_arrived() -> bool:
        return sorted(heard) == [b"one\n", b"two\n"]

    async with client_of(proxy) as client, client_of(proxy) as other:
        proxy.lose_answers()
        client.say(b"one\n")
        other.say(b"two\n")
        await eventually(have_arrived, "both questions arrive")

        proxy.resume()
        client.say(b"three\n")

        assert await client.hear() == b"three\n"


async def test_a_reset_cuts_every_connection_and_keeps_no_new_one_out(proxy: TcpProxy) -> None:
    async with client_of(proxy) as client:
        client.say(b"before\n")
        await client.hear()

        proxy.reset()

        with pytest.raises(ConnectionResetError):
            await client.hear()
    async with client_of(proxy) as again:
        again.say(b"again\n")
        assert await again.hear() == b"again\n"
