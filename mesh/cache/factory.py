"""Puts the caches of a process together, as its settings allow."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from mesh.cache.breaker import Breaker
from mesh.cache.codec import Codec
from mesh.cache.local import Lifetime, LocalCache
from mesh.cache.read_through import Load, ReadThroughCache
from mesh.cache.shared import NoSharedCache, SharedCache
from mesh.concurrency.task_group import Tasks
from mesh.settings import MeshSettings

T = TypeVar("T")

ALONE = Lifetime(seconds=60, absent_seconds=1)
"""In the only process of a service: all changes are its own."""
BESIDE_OTHERS = Lifetime(seconds=2, absent_seconds=1)
"""In one of several processes, which hear of each other's changes."""
SHARED = Lifetime(seconds=10, absent_seconds=1)
"""On the server that they share."""
OFF = Lifetime(seconds=0, absent_seconds=0)
"""In one of several processes that cannot hear of each other's changes."""

_MOST = 50_000
_MOST_ABSENT = 10_000
_PAUSE_SECONDS = 1.0


class Caches:
    """Makes caches that are invalidated together, by the same keys; `tasks` runs what their calls share."""

    def __init__(self, service: str, settings: MeshSettings, *, tasks: Tasks, redis: Any) -> None:
        self._service = service
        self._channel = f"shopmesh:{service}:invalidated"
        self._settings = settings
        self.tasks = tasks
        self._redis = redis
        self._sender = secrets.token_hex(8)
        self._breaker = Breaker(pause_seconds=_PAUSE_SECONDS, monotonic=time.monotonic)
        self._caches: list[ReadThroughCache[Any]] = []
        self._announced: set[str] = set()

    def add(
        self, name: str, *, load: Load[T], codec: Codec[T], keeps_absent: bool = True
    ) -> ReadThroughCache[T]:
        """Make a cache.

        Args:
            name: Names what is cached and the format of its bytes.
            load: Reads what no cache has.
            codec: Values as bytes.
            keeps_absent: Whether it remembers what does not exist.
        """
        local: LocalCache[T] = LocalCache(
            lifetime=_for(self._lifetime, keeps_absent),
            most=_MOST,
            most_absent=_MOST_ABSENT,
            monotonic=time.monotonic,
            random=random.random,
        )
        cache = ReadThroughCache(
            local=local,
            shared=self._shared(name, codec, _for(SHARED, keeps_absent)),
            load=load,
            tasks=self.tasks,
            monotonic=time.monotonic,
        )
        self._caches.append(cache)
        return cache

    def invalidate(self, keys: Collection[str]) -> None:
        """Call it after every commit that changes what keys stand for."""
        self._note(keys)
        for cache in self._caches:
            cache.invalidate(keys)

    def forget(self, keys: Collection[str]) -> None:
        """Another process has invalidated keys."""
        self._note(keys)
        for cache in self._caches:
            cache.forget(keys)

    def forget_all(self) -> None:
        """Other processes may have changed anything."""
        for cache in self._caches:
            cache.forget_all()

    def invalidate_unannounced(self, changed: Collection[str]) -> None:
        """Invalidate keys whose change was not announced.

        Args:
            changed: The keys that have changed lately, as the database says.
        """
        for cache in self._caches:
            cache.forget(changed)
        unannounced = set(changed) - self._announced
        self._announced.difference_update(changed)
        if unannounced:
            for cache in self._caches:
                cache.invalidate(unannounced)

    async def follow(self) -> None:
        """Hear of the changes of other processes; never returns."""
        if self._settings.redis_url is None:
            await asyncio.Event().wait()
            return
        from mesh.cache.redis_invalidations import follow_invalidations  # noqa: PLC0415 - as below

        await follow_invalidations(
            self._settings.redis_url,
            self._channel,
            sender=self._sender,
            forget=self.forget,
            forget_all=self.forget_all,
        )

    def _note(self, keys: Collection[str]) -> None:
        if len(self._announced) > _MOST:
            self._announced.clear()
        self._announced.update(keys)

    @property
    def probes(self) -> Mapping[str, Callable[[], Awaitable[bool]]]:
        """What health says of the shared cache, by name."""
        return {} if self._redis is None else {f"{self._service}.cache": self._is_reachable}

    async def _is_reachable(self) -> bool:
        return bool(await self._redis.ping())

    @property
    def _lifetime(self) -> Lifetime:
        if self._redis is not None:
            return BESIDE_OTHERS
        return ALONE if self._settings.workers == 1 else OFF

    def _shared(self, name: str, codec: Codec[T], lifetime: Lifetime) -> SharedCache[T]:
        if self._redis is None:
            return NoSharedCache()
        from mesh.cache.redis_shared import RedisSharedCache  # noqa: PLC0415 - takes 0.4 s to import

        return RedisSharedCache(
            redis=self._redis,
            namespace=f"shopmesh:{self._service}:{name}",
            channel=self._channel,
            sender=self._sender,
            codec=codec,
            lifetime=lifetime,
            breaker=self._breaker,
            tasks=self.tasks,
            new_mark=partial(secrets.token_hex, 6),
            random=random.random,
        )


@asynccontextmanager
async def open_caches(service: str, settings: MeshSettings) -> AsyncIterator[Caches]:
    """The caches of one process of a service; without a Redis URL they share nothing."""
    async with AsyncExitStack() as stack:
        redis = None
        if settings.redis_url is not None:
            from mesh.cache.redis_shared import connect  # noqa: PLC0415 - takes 0.4 s to import

            redis = await stack.enter_async_context(connect(settings.redis_url))
        tasks = await stack.enter_async_context(Tasks())
        yield Caches(service, settings, tasks=tasks, redis=redis)


def _for(lifetime: Lifetime, keeps_absent: bool) -> Lifetime:
    return lifetime if keeps_absent else Lifetime(lifetime.seconds, absent_seconds=0)
