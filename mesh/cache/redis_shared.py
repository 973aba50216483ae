"""The shared cache on a Redis-protocol server."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from typing import Any, Generic, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from interceptors.core.redis_client import SERVER_AWAY, closing
from mesh.cache.breaker import Breaker
from mesh.cache.codec import Codec
from mesh.cache.entry import Entry
from mesh.cache.local import Lifetime
from mesh.cache.redis_invalidations import message_of
from mesh.cache.redis_scripts import INVALIDATE, WRITE
from mesh.cache.shared import LookupResult
from mesh.concurrency.task_group import Tasks

T = TypeVar("T")

TIMEOUT_SECONDS = 0.05
"""How long the server is waited for, connecting included."""
MARK_SECONDS = 60
"""How long an invalidation is remembered: longer than any question to the database takes."""
_CONNECTIONS = 16


class _Away(Exception):
    """The server does not answer, or has not been tried."""


class RedisSharedCache(Generic[T]):
    """One MGET per read, one script per write.

    An invalidation that the server did not acknowledge is made good for by a new epoch, before anything is
    read again. Until an invalidation is acknowledged, its keys are not read.
    """

    def __init__(
        self,
        *,
        redis: Redis,
        namespace: str,
        channel: str,
        sender: str,
        codec: Codec[T],
        lifetime: Lifetime,
        breaker: Breaker,
        tasks: Tasks,
        new_mark: Callable[[], str],
        random: Callable[[], float],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Bind the cache.

        Args:
            redis: A client from `connect`.
            namespace: In front of every key; names the format of the values too.
            channel: Where the other processes hear of invalidations.
            sender: Names this process there.
            codec: Writes and reads values.
            lifetime: How long they are kept.
            breaker: Keeps from waiting for a dead server again and again.
            tasks: Runs invalidations.
            new_mark: Makes a word without spaces that nobody has made before.
            random: Numbers from 0 to below 1.
            timeout_seconds: How long the server is waited for.
        """
        self._redis = redis
        self._namespace = namespace
        self._epoch_key = f"{namespace}:epoch"
        self._channel = channel
        self._sender = sender
        self._codec = codec
        self._lifetime = lifetime
        self._breaker = breaker
        self._tasks = tasks
        self._new_mark = new_mark
        self._random = random
        self._timeout_seconds = timeout_seconds
        self._write = redis.register_script(WRITE)
        self._invalidate = redis.register_script(INVALIDATE)
        self._pending_invalidations: Counter[str] = Counter()
        self._lost_invalidation = False
        self._renewing = asyncio.Lock()

    @property
    def is_behind(self) -> bool:
        """Whether an invalidation was lost and has still to be made good for."""
        return self._lost_invalidation

    async def read(self, keys: Sequence[str]) -> LookupResult[T]:
        asked = [key for key in keys if key not in self._pending_invalidations]
        if not asked:
            return LookupResult({}, {})
        try:
            async with self._answers():
                await self._start_new_epoch()
                answer: Any = await self._redis.mget([self._epoch_key, *map(self._key, asked)])
                epoch, *values = answer
                if epoch is None:
                    epoch = await self._begin()
        except _Away:
            return LookupResult({}, {})
        # An invalidation that began meanwhile is not in this answer.
        pairs = [
            (key, value)
            for key, value in zip(asked, values, strict=True)
            if key not in self._pending_invalidations
        ]
        return self._lookup_result(epoch, pairs)

    async def write(self, entries: Mapping[str, Entry[T]], leases: Mapping[str, str]) -> None:
        marked = {
            key: entry
            for key, entry in entries.items()
            if key in leases and key not in self._pending_invalidations and self._lifetime.of(entry) > 0
        }
        if not marked:
            return
        arguments: list[Any] = []
        for key, entry in marked.items():
            body = b"" if entry.value is None else self._codec.encode(entry.value)
            arguments += (leases[key], entry.version, body, self._milliseconds(entry))
        try:
            async with self._answers():
                await self._write(keys=[self._epoch_key, *map(self._key, marked)], args=arguments)
        except _Away:
            return

    def invalidate(self, keys: Collection[str]) -> None:
        self._pending_invalidations.update(keys)
        self._tasks.start(self._publish_invalidation(tuple(keys)), context=Context())

    async def _publish_invalidation(self, keys: Sequence[str]) -> None:
        message = message_of(self._sender, keys)
        arguments: list[Any] = [
            self._new_mark(),
            self._new_mark(),
            MARK_SECONDS * 1000,
            self._channel,
            message,
        ]
        try:
            async with self._answers():
                await self._invalidate(keys=[self._epoch_key, *map(self._key, keys)], args=arguments)
        except _Away:
            self._lost_invalidation = True
        finally:
            self._pending_invalidations -= Counter(keys)

    async def _begin(self) -> bytes:
        """Begin the first epoch; nobody else's values are of it."""
        mine = self._new_mark()
        theirs: Any = await self._redis.set(self._epoch_key, mine, nx=True, get=True)
        return b"" if theirs else mine.encode()

    async def _start_new_epoch(self) -> None:
        if not self._lost_invalidation and not self._renewing.locked():
            return
        async with self._renewing:
            if self._lost_invalidation:
                self._lost_invalidation = False
                try:
                    await self._redis.set(self._epoch_key, self._new_mark())
                except BaseException:
                    self._lost_invalidation = True
                    raise

    @asynccontextmanager
    async def _answers(self) -> AsyncIterator[None]:
        """Wait for the server within the time limit, if it is worth a try.

        Raises:
            _Away: It did not answer.
        """
        if not self._breaker.admits():
            raise _Away
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except SERVER_AWAY:
            self._breaker.failed()
            raise _Away from None
        self._breaker.succeeded()

    def _lookup_result(self, epoch: bytes, values: Sequence[tuple[str, bytes | None]]) -> LookupResult[T]:
        entries: dict[str, Entry[T]] = {}
        leases: dict[str, str] = {}
        if not epoch:
            return LookupResult(entries, leases)
        for key, value in values:
            mark, version, body = _parts(value, epoch)
            entry = self._entry(version, body)
            if entry is None:
                leases[key] = (epoch + b" " + mark).decode()
            else:
                entries[key] = entry
        return LookupResult(entries, leases)

    def _entry(self, version: bytes, body: bytes) -> Entry[T] | None:
        if not version:
            return None
        try:
            return Entry(self._codec.decode(body) if body else None, int(version))
        except ValueError:
            # Not written by this release: as good as absent.
            return None

    def _milliseconds(self, entry: Entry[T]) -> int:
        return int(self._lifetime.of(entry) * (1 - 0.1 * self._random()) * 1000)

    def _key(self, key: str) -> str:
        return f"{self._namespace}:{key}"


def _parts(value: bytes | None, epoch: bytes) -> tuple[bytes, bytes, bytes]:
    """Mark, version and body of a value of this epoch; each is empty for any other."""
    match value.split(b" ", 3) if value else ():
        case [of, mark, version, body] if of == epoch:
            return mark, version, body
    return b"", b"", b""


def connect(url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> AbstractAsyncContextManager[Redis]:
    """A client that never waits long; connecting happens at the first command."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    return closing(Redis.from_pool(pool))
