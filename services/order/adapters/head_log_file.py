"""The signed heads in an append-only file, outside the event store."""

import asyncio
import hmac
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from services.order.application.ports import Head, SignedHead


class FileHeadLog:
    """One JSON object a line, signed with HMAC-SHA-256; several processes may append."""

    def __init__(self, path: Path, *, key: bytes) -> None:
        self._path = path
        self._key = key
        self._reading = asyncio.Lock()
        self._read_bytes = 0
        self._heads: defaultdict[str, list[SignedHead]] = defaultdict(list)
        self._order_ids: list[str] = []

    async def append(self, heads: Sequence[Head]) -> None:
        await asyncio.to_thread(_append, self._path, b"".join(map(self._line, heads)))

    async def of_order(self, order_id: str) -> Sequence[SignedHead]:
        await self._catch_up()
        return tuple(self._heads.get(order_id, ()))

    async def orders(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[SignedHead]]:
        await self._catch_up()
        if len(self._order_ids) != len(self._heads):
            self._order_ids = sorted(self._heads)
        first = bisect_right(self._order_ids, after or "")
        return {each: tuple(self._heads[each]) for each in self._order_ids[first : first + limit]}

    async def _catch_up(self) -> None:
        """Index what was written since the last time, by whichever process."""
        if self._path.exists() and self._path.stat().st_size == self._read_bytes:
            return
        async with self._reading:
            for line in await asyncio.to_thread(self._unread_lines):
                self._note(line)

    def _line(self, head: Head) -> bytes:
        signed = {"orderId": head.order_id, "version": head.version, "hash": head.hash}
        mac = self._mac(head.order_id, head.version, head.hash)
        # The leading line feed keeps a line whole behind one that a full disk or a crash has cut.
        return b"\n" + orjson.dumps({**signed, "mac": mac}) + b"\n"

    def _mac(self, order_id: str, version: int, head: str) -> str:
        return hmac.digest(self._key, f"{order_id}\n{version}\n{head}".encode(), "sha256").hex()

    def _unread_lines(self) -> list[bytes]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._read_bytes:
                self._read_bytes = 0
                self._heads.clear()
                self._order_ids = []
            file.seek(self._read_bytes)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(whole) + len(end)
        return whole.splitlines()

    def _note(self, line: bytes) -> None:
        try:
            fields = orjson.loads(line)
            order_id, version, head = str(fields["orderId"]), int(fields["version"]), str(fields["hash"])
            genuine = hmac.compare_digest(str(fields["mac"]), self._mac(order_id, version, head))
        except (ValueError, KeyError, TypeError):
            return
        self._heads[order_id].append(SignedHead(version, head, genuine))


def _append(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
