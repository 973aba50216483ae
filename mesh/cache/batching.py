"""Questions that arrive together are asked together, across calls (a data loader)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from mesh.concurrency.group_commit import Group, Groups
from mesh.concurrency.task_group import Tasks

T = TypeVar("T")
Load = Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]
"""Loads keys in one statement; a key that is not in the answer does not exist."""


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
        turns = asyncio.Semaphore(most_at_once)
        self._batches = Groups(load, most=most_keys, tasks=tasks, turn=lambda: turns)

    async def find(self, keys: Sequence[str]) -> dict[str, T]:
        """What exists of the keys, as it is when the question is asked or later."""
        batches = self._join(keys)
        found: dict[str, T] = {}
        for batch in batches:
            found.update(await batch.result())
        return {key: found[key] for key in keys if key in found}

    def _join(self, keys: Sequence[str]) -> list[Group[str, Mapping[str, T]]]:
        joined: list[Group[str, Mapping[str, T]]] = []
        for key in keys:
            batch = self._batches.open_group()
            batch.items[key] = key
            if not joined or joined[-1] is not batch:
                joined.append(batch)
        return joined
