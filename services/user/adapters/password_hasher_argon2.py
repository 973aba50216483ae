"""Argon2id in a few threads of its own, so that the event loop goes on."""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1
_THREADS = 2


class Argon2PasswordHasher:
    """Hashes and checks passwords; at most two at a time."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """A hasher with its threads, which end with it."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2") as pool:
            yield cls(pool)

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        expected = password_hash or self._nobodys_hash
        found = await asyncio.get_running_loop().run_in_executor(
            self._pool, self._matches, password, expected
        )
        return found and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False
