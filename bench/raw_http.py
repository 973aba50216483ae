"""A client that costs little: a driver that shares its cores with the server takes from what it measures."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    body: bytes


class RawHttp:
    """HTTP/1.1 with connections that are kept; answers have a length or come in chunks."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        common = {"host": parts.netloc, "content-type": "application/json", **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in common.items())
        self._idle: list[Connection] = []

    async def request(self, verb: str, path: str, body: bytes = b"") -> Answer:
        """Send a request and read its answer."""
        reader, writer = await self._connection()
        head = f"{verb} {path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await _answer(reader)
        self._idle.append((reader, writer))
        return answer

    def close(self) -> None:
        """End the connections."""
        for _, writer in self._idle:
            writer.close()

    async def _connection(self) -> Connection:
        if self._idle:
            return self._idle.pop()
        return await asyncio.open_connection(self._host, self._port)


async def _answer(reader: asyncio.StreamReader) -> Answer:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines if line)
    code = int(status.split()[1])
    if b"content-length" in headers:
        return Answer(code, await reader.readexactly(int(headers[b"content-length"])))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return Answer(code, body)
