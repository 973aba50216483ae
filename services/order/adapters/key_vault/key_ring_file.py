"""The file of key-encryption keys, one a line, the current one first. Locks keep rotation and use apart."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from services.order.adapters.key_vault.key_ring import KeyIsGone, KeyRing
from services.order.adapters.key_vault.secret_file import new_secret, read_all_or_make, replace_all

_PAUSE_SECONDS = 0.01


class RotationUnderWay(Exception):
    """Another process is rotating the key-encryption key."""


class FileKeyRing:
    """The ring as the file was when it was read last; read again as soon as that does not suffice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring = KeyRing(read_all_or_make(path))

    def unwrap(self, customer_id: str, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            KeyIsGone: None of the file's keys has wrapped it.
        """
        try:
            return self._ring.unwrap(customer_id, wrapped)
        except KeyIsGone:
            return self._read().unwrap(customer_id, wrapped)

    @contextmanager
    def steady(self) -> Iterator[KeyRing]:
        """The ring as it is; until the end of the context no other key becomes the current one.

        Whatever is wrapped has to be stored before the end: rotation looks for it afterwards.
        """
        with self._lock("use") as lock:
            # Waits at most while another process writes the file.
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield self._read()

    @asynccontextmanager
    async def rotating(self) -> AsyncIterator[KeyRing]:
        """A ring with a new current key; the older ones are dropped at the end, unless that is an error.

        What an interrupted rotation has begun is gone on with instead: its new key is the current one.

        Raises:
            RotationUnderWay: There can be only one.
        """
        with self._lock("rotation") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RotationUnderWay("the key-encryption key is being rotated by another process") from None
            if len(self._read().keys) == 1:
                await self._add_key()
            yield self._ring
            replace_all(self._path, self._ring.keys[:1])

    async def _add_key(self) -> None:
        with self._lock("use") as lock:
            while not _locked(lock):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(_PAUSE_SECONDS)
            replace_all(self._path, [new_secret(), *self._ring.keys])
        self._read()

    def _read(self) -> KeyRing:
        self._ring = KeyRing(read_all_or_make(self._path))
        return self._ring

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        with self._path.with_name(f"{self._path.name}.{name}").open("a") as file:
            yield file.fileno()


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
