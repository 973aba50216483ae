"""One timer for all calls that end within the same 10 ms: one of its own costs a call more than its token."""

import asyncio

from interceptors.core.call import Call
from interceptors.deadline.timers import cut

_TICK_SECONDS = 0.01


class SharedTimers:
    """Calls by the tick in which their deadline falls; they are cut off at its end, at most 10 ms late."""

    def __init__(self) -> None:
        self._due: dict[int, set[Call]] = {}

    def start(self, call: Call) -> None:
        tick = _tick(call)
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
            asyncio.get_running_loop().call_at(tick * _TICK_SECONDS, self._cut, tick)
        due.add(call)

    def cancel(self, call: Call) -> None:
        due = self._due.get(_tick(call))
        if due is not None:
            due.discard(call)

    def _cut(self, tick: int) -> None:
        for call in self._due.pop(tick):
            cut(call)


def _tick(call: Call) -> int:
    """The number of the tick at whose end a call is cut off."""
    assert call.deadline is not None
    return int(call.deadline / _TICK_SECONDS) + 1
