"""Calls at intended times, whether or not earlier calls were answered, and times them from those.

A driver that waits for answers slows down with the server and hides the queue (coordinated omission).
"""

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.estimates import percentile

Call = Callable[[int], Awaitable[bool]]
"""Makes the call of a number; returns whether the answer was right."""

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Latencies:
    """What an open-loop run saw.

    Attributes:
        seconds: From the intended time to the answer, one for each call.
        lateness: From the intended time to the sending.
        errors: Calls that failed or were answered wrongly.
    """

    seconds: Sequence[float]
    lateness: Sequence[float]
    errors: int

    def percentile_ms(self, percent: float) -> float:
        return 1000 * percentile(self.seconds, percent)

    @property
    def lateness_p99_ms(self) -> float:
        return 1000 * percentile(self.lateness, 99)


def schedule(rate: float, seconds: float, chance: random.Random) -> list[float]:
    """Intended times after the start: a Poisson process, as many independent callers make it."""
    times = []
    at = chance.expovariate(rate)
    while at < seconds:
        times.append(at)
        at += chance.expovariate(rate)
    return times


async def call_at(
    times: Sequence[float], call: Call, *, monotonic: Monotonic = time.perf_counter
) -> Latencies:
    """Make one call at each intended time, in seconds from now."""
    run = _Run(call, monotonic)
    with _no_garbage_collection():
        start = monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, intended in enumerate(times):
                await _sleep_until(start + intended, monotonic)
                tasks.create_task(run.one(number, start + intended))
    return Latencies(run.seconds, run.lateness, run.errors)


class _Run:
    def __init__(self, call: Call, monotonic: Monotonic) -> None:
        self._call = call
        self._monotonic = monotonic
        self.seconds: list[float] = []
        self.lateness: list[float] = []
        self.errors = 0

    async def one(self, number: int, intended: float) -> None:
        self.lateness.append(self._monotonic() - intended)
        is_right = await self._call(number)
        self.seconds.append(self._monotonic() - intended)
        self.errors += not is_right


async def _sleep_until(when: float, monotonic: Monotonic) -> None:
    remaining = when - monotonic()
    if remaining > 0:
        await asyncio.sleep(remaining)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
