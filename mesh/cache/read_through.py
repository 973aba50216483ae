"""The cache itself: looks into both tiers, loads what is in neither, once for everybody who waits."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from interceptors.cost_trailers import count_cache
from mesh.cache.entry import ABSENT, Entry
from mesh.cache.local import LocalCache
from mesh.cache.shared import SharedCache
from mesh.concurrency.task_group import Tasks

T = TypeVar("T")
Load = Callable[[Sequence[str]], Awaitable[Mapping[str, Entry[T]]]]
"""Reads the entries of keys from where they are decided; what it leaves out does not exist."""

# What took longer may be older than an invalidation that the shared cache has forgotten.
_LONGEST_LOAD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _LoadResult(Generic[T]):
    """The values of keys, and which of them the shared cache had."""

    entries: Mapping[str, Entry[T]]
    shared: Collection[str]


class ReadThroughCache(Generic[T]):
    """Answers from what it knows and loads the rest.

    After `invalidate` has returned, nobody who asks this process gets what was read before: neither an entry
    nor the answer to a question that is under way.
    """

    def __init__(
        self,
        *,
        local: LocalCache[T],
        shared: SharedCache[T],
        load: Load[T],
        tasks: Tasks,
        monotonic: Callable[[], float],
    ) -> None:
        self._local = local
        self._shared = shared
        self._load_entries = load
        self._tasks = tasks
        self._monotonic = monotonic
        self._in_flight: dict[str, asyncio.Task[_LoadResult[T]]] = {}

    async def find(self, keys: Sequence[str]) -> dict[str, T]:
        """What exists of different keys; where it was found is counted for the call."""
        found: dict[str, T] = {}
        missing: list[str] = []
        overdue: list[str] = []
        now = self._monotonic()
        for key in keys:
            held = self._local.find(key, now)
            if held is None:
                missing.append(key)
                continue
            if held.refresh_at <= now:
                overdue.append(key)
            if held.entry.value is not None:
                found[key] = held.entry.value
        count_cache(l1=len(keys) - len(missing))
        if overdue:
            self._refresh(overdue)
        if missing:
            found.update(await self._fetch(missing))
        return found

    def count_bypass(self, keys: int) -> None:
        """So many keys were asked for elsewhere, as they had to be fresh."""
        count_cache(miss=keys)

    def invalidate(self, keys: Collection[str]) -> None:
        """Forget keys in both tiers; call it after the commit that changed them."""
        self.forget(keys)
        self._shared.invalidate(keys)

    def forget(self, keys: Iterable[str]) -> None:
        """Forget keys in this process only: another one has invalidated them."""
        for key in keys:
            self._local.drop(key)
            self._in_flight.pop(key, None)

    def forget_all(self) -> None:
        """Forget everything in this process only."""
        self._local.clear()
        self._in_flight.clear()

    async def _fetch(self, keys: Sequence[str]) -> dict[str, T]:
        loads = self._join(keys)
        for load in set(loads.values()):
            await asyncio.shield(load)
        results = {key: load.result() for key, load in loads.items()}
        shared = sum(key in results[key].shared for key in keys)
        count_cache(l2=shared, miss=len(keys) - shared)
        values = {key: results[key].entries[key].value for key in keys}
        return {key: value for key, value in values.items() if value is not None}

    def _join(self, keys: Sequence[str]) -> dict[str, "asyncio.Task[_LoadResult[T]]"]:
        new = [key for key in keys if key not in self._in_flight]
        if new:
            self._start_load(new)
        return {key: self._in_flight[key] for key in keys}

    def _refresh(self, keys: Sequence[str]) -> None:
        new = [key for key in keys if key not in self._in_flight]
        if new:
            # In a context of its own: nobody waits for it, so it counts for no call.
            self._start_load(new, context=Context())

    def _start_load(self, keys: Sequence[str], *, context: Context | None = None) -> None:
        load = self._tasks.start(self._load_missing(keys), context=context)
        self._in_flight.update(dict.fromkeys(keys, load))

    async def _load_missing(self, keys: Sequence[str]) -> _LoadResult[T]:
        started = self._monotonic()
        valid: Sequence[str] = ()
        try:
            seen = await self._shared.read(keys)
            loaded = await self._load([key for key in keys if key not in seen.entries])
        finally:
            valid = self._complete(keys)
        entries = {**seen.entries, **loaded}
        seconds = self._monotonic() - started
        for key in valid:
            entries[key] = self._local.keep(key, entries[key], load_seconds=seconds)
        fresh = {key: loaded[key] for key in valid if key in loaded}
        if fresh and seconds < _LONGEST_LOAD_SECONDS:
            self._tasks.start(self._shared.write(fresh, seen.leases), context=Context())
        return _LoadResult(entries, seen.entries.keys())

    async def _load(self, keys: Sequence[str]) -> dict[str, Entry[T]]:
        found = await self._load_entries(keys) if keys else {}
        return {key: found.get(key, Entry(None, ABSENT)) for key in keys}

    def _complete(self, keys: Sequence[str]) -> Sequence[str]:
        """The keys that nobody has invalidated while they were under way."""
        load = asyncio.current_task()
        valid = [key for key in keys if self._in_flight.get(key) is load]
        for key in valid:
            del self._in_flight[key]
        return valid
