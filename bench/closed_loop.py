"""A fixed number of clients, each making its next call when the one before was answered."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from bench.open_loop import Call


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many calls a number of clients got answered, and in which time."""

    calls: int
    errors: int
    seconds: float

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.seconds


async def call_for(seconds: float, call: Call, *, clients: int) -> Throughput:
    """Call for some time."""
    numbers = itertools.count()
    start = time.perf_counter()
    answers: list[bool] = []

    async def client() -> None:
        while time.perf_counter() - start < seconds:
            answers.append(await call(next(numbers)))

    await _all(client, clients)
    return _throughput(answers, start)


async def call_times(count: int, call: Call, *, clients: int) -> Throughput:
    """Make so many calls."""
    numbers = iter(range(count))
    start = time.perf_counter()
    answers: list[bool] = []

    async def client() -> None:
        answers.extend([await call(number) for number in numbers])

    await _all(client, clients)
    return _throughput(answers, start)


async def _all(client: Callable[[], Coroutine[None, None, None]], clients: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(clients):
            tasks.create_task(client())


def _throughput(answers: list[bool], start: float) -> Throughput:
    right = sum(answers)
    return Throughput(right, len(answers) - right, time.perf_counter() - start)
