"""A TCP proxy in front of a real server, for faults of the network: late, lost, cut, or standing still."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_CHUNK_BYTES = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""For SO_LINGER: whoever closes the socket cuts its connection by RST."""


@dataclass(eq=False)
class TcpProxy:
    """What passes through it can be harmed while it runs; a new connection meets the same fate.

    Attributes:
        port: Where it listens on 127.0.0.1.
        delay_seconds: How much later every piece arrives, in either direction.
        piece_bytes: The longest piece that is passed on at once.
    """

    host: str
    target_port: int
    port: int = 0
    delay_seconds: float = 0.0
    piece_bytes: int = _CHUNK_BYTES
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _answering: bool = True
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def pause(self) -> None:
        """Keep every byte from now on until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Let everything pass, what was kept first; what was lost stays lost."""
        self._answering = True
        self._open.set()

    def lose_answers(self) -> None:
        """Half-open: what clients send arrives, what the server answers is lost until `resume`."""
        self._answering = False

    def reset(self) -> None:
        """Cut all connections by RST; new ones can be made."""
        for writer in tuple(self._writers):
            connection: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(self.host, self.target_port)
        except OSError:
            writer.close()
            return
        ends = {writer, server_writer}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(self._carry(reader, server_writer, answers=False))
                both_ways.create_task(self._carry(server_reader, writer, answers=True))
        except* OSError:
            pass
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while piece := await reader.read(self.piece_bytes):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self._open.wait()
            if self._answering or not answers:
                writer.write(piece)
                await writer.drain()
        if not writer.is_closing() and writer.can_write_eof():
            writer.write_eof()


@asynccontextmanager
async def tcp_proxy(
    target_port: int, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[TcpProxy]:
    """A proxy on a free port, which passes everything on at first; with `tls` it ends clients' TLS."""
    proxy = TcpProxy(host, target_port)
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        await proxy._serve(reader, writer)
        connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    proxy.resume()
    try:
        yield proxy
    finally:
        server.close()
        proxy.resume()
        proxy.reset()
        await asyncio.gather(*connections)
