"""Argon2id in a few threads of its own, so that the event loop goes on."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from services.user.adapters.fair_pool import FairPool, PoolFull
from services.user.domain.errors import TooBusy

Result = TypeVar("Result")

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1
_THREADS = 2
# Two threads take about 60 hashes a second: nobody waits for more than a few seconds.
_MOST_WAITING, _MOST_WAITING_PER_TURN = 200, 20
_RETRY_SECONDS = 2.0


class Argon2PasswordHasher:
    """Hashes and checks passwords; at most two at a time."""

    def __init__(self, pool: FairPool) -> None:
        self._pool = pool
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """A hasher with its threads, which end with it."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2") as threads:
            yield cls(
                FairPool(threads, at_once=_THREADS, most_per_turn=_MOST_WAITING_PER_TURN, most=_MOST_WAITING)
            )

    async def hash(self, password: str, *, turn: str) -> str:
        return await self._run(turn, self._hasher.hash, password)

    async def matches(self, password: str, password_hash: str, *, turn: str) -> bool:
        found = await self._run(turn, self._matches, password, password_hash or self._nobodys_hash)
        return found and bool(password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    async def _run(self, turn: str, function: Callable[..., Result], *arguments: str) -> Result:
        try:
            return await self._pool.run(turn, function, *arguments)
        except PoolFull:
            raise TooBusy(
                "too many passwords are being checked now; try again", retry_after_seconds=_RETRY_SECONDS
            ) from None

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False
