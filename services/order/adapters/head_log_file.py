"""The signed heads in an append-only file, outside the event store."""

import asyncio
import hmac
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from services.order.application.ports import Head, SignedHead

_NOWHERE: Sequence[int] = ()
_WRITTEN = re.compile(rb'\{"orderId":"([0-9a-f-]{36})",')
"""How a line of ours begins; what was written otherwise is parsed."""


class FileHeadLog:
    """One JSON object a line, signed with HMAC-SHA-256; several processes may append.

    What is kept in memory is where each order's lines are: a million orders take a quarter of a gigabyte.
    """

    def __init__(self, path: Path, *, key: bytes) -> None:
        self._path = path
        self._key = key
        self._noting: asyncio.Task[None] | None = None
        self._read_bytes = 0
        self._places: dict[str, array[int]] = {}
        self._order_ids: list[str] = []

    async def append(self, heads: Sequence[Head]) -> None:
        await asyncio.to_thread(_append, self._path, b"".join(map(self._line, heads)))

    async def of_order(self, order_id: str) -> Sequence[SignedHead]:
        await self._catch_up()
        return self._of_orders([order_id])[order_id]

    async def orders(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[SignedHead]]:
        await self._catch_up()
        if len(self._order_ids) != len(self._places):
            self._order_ids = sorted(self._places)
        first = bisect_right(self._order_ids, after or "")
        return self._of_orders(self._order_ids[first : first + limit])

    def _of_orders(self, order_ids: Sequence[str]) -> Mapping[str, Sequence[SignedHead]]:
        places = {order_id: self._places.get(order_id, _NOWHERE) for order_id in order_ids}
        if not any(places.values()):
            return dict.fromkeys(order_ids, ())
        with self._path.open("rb", buffering=0) as file:
            return {
                order_id: tuple(self._read(file.fileno(), order_id, at)) for order_id, at in places.items()
            }

    def _read(self, file: int, order_id: str, places: Sequence[int]) -> Iterator[SignedHead]:
        for start, length in zip(places[::2], places[1::2], strict=True):
            # A line that a crash has cut off says nothing.
            if (head := self._signed(order_id, os.pread(file, length, start))) is not None:
                yield head

    async def _catch_up(self) -> None:
        """Note what was written since the last time, by whichever process."""
        if self._noting is not None and not self._noting.done():
            # It may have passed the end of the file before the last lines were there.
            await asyncio.shield(self._noting)
        if self._path.exists() and self._path.stat().st_size == self._read_bytes:
            return
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(asyncio.to_thread(self._note_lines))
        # Who asks first may not have the time for all of it: it goes on for those who ask again.
        await asyncio.shield(self._noting)

    def _note_lines(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._read_bytes:
                self._read_bytes, self._places, self._order_ids = 0, {}, []
            end = self._read_bytes
            file.seek(end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._note(line, end)
                end += len(line)
        # Last: who finds nothing unread finds all of it noted.
        self._read_bytes = end

    def _note(self, line: bytes, start: int) -> None:
        if line == b"\n":
            return
        written = _WRITTEN.match(line)
        try:
            order_id = written[1].decode() if written else str(orjson.loads(line)["orderId"])
        except (ValueError, KeyError, TypeError):
            return
        self._places.setdefault(order_id, array("Q")).extend((start, len(line)))

    def _signed(self, order_id: str, line: bytes) -> SignedHead | None:
        try:
            fields = orjson.loads(line)
            version, head = int(fields["version"]), str(fields["hash"])
            genuine = hmac.compare_digest(str(fields["mac"]), self._mac(order_id, version, head))
        except (ValueError, KeyError, TypeError):
            return None
        return SignedHead(version, head, genuine)

    def _line(self, head: Head) -> bytes:
        signed = {"orderId": head.order_id, "version": head.version, "hash": head.hash}
        mac = self._mac(head.order_id, head.version, head.hash)
        # The leading line feed keeps a line whole behind one that a full disk or a crash has cut.
        return b"\n" + orjson.dumps({**signed, "mac": mac}) + b"\n"

    def _mac(self, order_id: str, version: int, head: str) -> str:
        return hmac.digest(self._key, f"{order_id}\n{version}\n{head}".encode(), "sha256").hex()


def _append(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
