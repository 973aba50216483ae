"""Work that outlives the call that began it, but not its owner."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


GRACE_SECONDS = 1.0


class Tasks:
    """Runs tasks until the block ends; what is still running a moment later is cancelled."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE_SECONDS)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def start(self, work: Coroutine[Any, Any, T], *, context: Context | None = None) -> "asyncio.Task[T]":
        """Begin some work; without a context it counts for the call that begins it.

        Callers that need the outcome await the task, shielded: others may be waiting too.
        """
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(self._running)

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Looked at here: everybody who waited for it may have gone.
            task.exception()
