"""What comes back to the event loop from the thread of a library: in batches, and with room for more."""

import asyncio
from collections import deque
from dataclasses import dataclass

from mesh.event_log.kafka.thread import call_soon


class ByteBudget:
    """How much may wait for its acknowledgement; used within the event loop only."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._taken_bytes = 0
        self._freed = asyncio.Event()

    def has_room(self, size_bytes: int) -> bool:
        """Whether this may wait too; what is larger than all of the room goes alone."""
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
    """What a caller in the event loop waits for, and the room that it takes meanwhile."""

    done: asyncio.Future[None]
    size_bytes: int = 0


class Completions:
    """Ends what callers wait for; one wake-up of the loop for all that have come since the last."""

    def __init__(self, loop: asyncio.AbstractEventLoop, room: ByteBudget) -> None:
        self._loop = loop
        self._room = room
        self._answered: deque[tuple[Pending, Exception | None]] = deque()
        self._is_telling = False

    def give(self, question: Pending, error: Exception | None = None) -> None:
        """Answer, from any thread."""
        self._answered.append((question, error))
        if not self._is_telling:
            self._is_telling = True
            call_soon(self._loop, self._pass_on)

    def _pass_on(self) -> None:
        # First: whoever answers from now on wakes the loop again.
        self._is_telling = False
        while self._answered:
            question, error = self._answered.popleft()
            self._room.give_back(question.size_bytes)
            if question.done.done():
                continue
            if error is None:
                question.done.set_result(None)
            else:
                question.done.set_exception(error)
