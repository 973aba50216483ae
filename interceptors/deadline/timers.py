"""Timers that cancel calls at their deadlines."""

import asyncio
from typing import Protocol

from interceptors.core.call import Call


class Timers(Protocol):
    """Timers of calls, which have a task and a deadline."""

    def start(self, call: Call) -> None:
        """Cut the call off once its deadline has come, unless it is cancelled before."""
        ...

    def cancel(self, call: Call) -> None:
        """Leave the call alone; it may have been cut off."""
        ...


class CallTimers:
    """A timer of the event loop for each call."""

    def __init__(self) -> None:
        self._handles: dict[Call, asyncio.TimerHandle] = {}

    def start(self, call: Call) -> None:
        assert call.deadline is not None
        self._handles[call] = asyncio.get_running_loop().call_at(call.deadline, self._cut, call)

    def cancel(self, call: Call) -> None:
        if (handle := self._handles.pop(call, None)) is not None:
            handle.cancel()

    def _cut(self, call: Call) -> None:
        del self._handles[call]
        cut(call)


def cut(call: Call) -> None:
    """Cancel the task of a call whose deadline has come."""
    assert call.task is not None
    call.deadline_exceeded = True
    call.task.cancel()
