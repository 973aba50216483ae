"""Completions from a library's thread to the event loop, in batches, and a budget for what is pending."""

import asyncio
from collections import deque
from dataclasses import dataclass

from mesh.event_log.kafka.thread import call_soon


class ByteBudget:
    """How many bytes may wait for their acknowledgement; used within the event loop only."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._taken_bytes = 0
        self._freed = asyncio.Event()

    def has_room(self, size_bytes: int) -> bool:
        """Whether this may wait too; what is larger than the whole budget goes alone."""
        return not self._taken_bytes or self._taken_bytes + size_bytes <= self._limit_bytes

    async def wait(self, size_bytes: int) -> None:
        """Wait until there is room."""
        while not self.has_room(size_bytes):
            self._freed.clear()
            await self._freed.wait()

    def take(self, size_bytes: int) -> None:
        self._taken_bytes += size_bytes

    def give_back(self, size_bytes: int) -> None:
        self._taken_bytes -= size_bytes
        self._freed.set()


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A publication that a caller in the event loop waits for, and its share of the budget."""

    done: asyncio.Future[None]
    size_bytes: int = 0


class Completions:
    """Completes pending publications; one wake-up of the loop completes all that are due."""

    def __init__(self, loop: asyncio.AbstractEventLoop, budget: ByteBudget) -> None:
        self._loop = loop
        self._budget = budget
        self._completed: deque[tuple[Pending, Exception | None]] = deque()
        self._is_scheduled = False

    def complete(self, pending: Pending, error: Exception | None = None) -> None:
        """Complete it, from any thread."""
        self._completed.append((pending, error))
        if not self._is_scheduled:
            self._is_scheduled = True
            call_soon(self._loop, self._resolve)

    def _resolve(self) -> None:
        # First: a completion from now on wakes the loop again.
        self._is_scheduled = False
        while self._completed:
            pending, error = self._completed.popleft()
            self._budget.give_back(pending.size_bytes)
            if pending.done.done():
                continue
            if error is None:
                pending.done.set_result(None)
            else:
                pending.done.set_exception(error)
