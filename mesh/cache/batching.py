"""Questions that arrive together are asked together, across calls (a data loader)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mesh.concurrency.task_group import Tasks

T = TypeVar("T")
Load = Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]
"""Loads keys in one statement; a key that is not in the answer does not exist."""


@dataclass(slots=True)
class _Batch(Generic[T]):
    keys: dict[str, None] = field(default_factory=dict)
    loading: "asyncio.Task[Mapping[str, T]] | None" = None


class Batcher(Generic[T]):
    """Loads keys in few statements, and few of them at once.

    While all statements allowed at once are under way, keys of whichever call gather in a batch: the busier
    the database, the larger the batches. A batch counts for the call that opened it.
    """

    def __init__(self, load: Load[T], *, most_keys: int, most_at_once: int, tasks: Tasks) -> None:
        """Bind the loader.

        Args:
            load: Loads up to `most_keys` keys.
            most_keys: The size of a batch.
            most_at_once: How many batches are loaded at the same time.
            tasks: Runs them.
        """
        self._load = load
        self._most_keys = most_keys
        self._turns = asyncio.Semaphore(most_at_once)
        self._tasks = tasks
        self._open: _Batch[T] | None = None

    async def find(self, keys: Sequence[str]) -> dict[str, T]:
        """What exists of the keys, as it is when the question is asked or later."""
        batches = self._join(keys)
        found: dict[str, T] = {}
        for batch in batches:
            assert batch.loading is not None
            found.update(await asyncio.shield(batch.loading))
        return {key: found[key] for key in keys if key in found}

    def _join(self, keys: Sequence[str]) -> list[_Batch[T]]:
        joined: list[_Batch[T]] = []
        for key in keys:
            batch = self._open_batch()
            batch.keys[key] = None
            if not joined or joined[-1] is not batch:
                joined.append(batch)
        return joined

    def _open_batch(self) -> _Batch[T]:
        if self._open is None or len(self._open.keys) >= self._most_keys:
            self._open = _Batch()
            self._open.loading = self._tasks.start(self._run(self._open))
        return self._open

    async def _run(self, batch: _Batch[T]) -> Mapping[str, T]:
        async with self._turns:
            if self._open is batch:
                self._open = None
            return await self._load(tuple(batch.keys))
