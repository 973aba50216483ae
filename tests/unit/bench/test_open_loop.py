"""The open loop: calls at intended times."""

import asyncio
import random

import pytest

from bench.open_loop import call_at, schedule


class Clock:
    """Moves only when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_intended_times_come_at_the_rate_and_within_the_time() -> None:
    times = schedule(1000.0, 10.0, random.Random(1))

    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < 10
    assert len(times) == pytest.approx(10_000, rel=0.05)


async def test_a_call_is_timed_from_when_it_was_meant_to_be_sent_not_from_when_it_was() -> None:
    clock = Clock()

    async def call(number: int) -> bool:
        # Blocks the driver, as a server that stalls its only connection does.
        clock.now += 1.0
        return True

    latencies = await call_at([0.0, 0.0, 0.0], call, monotonic=clock)

    assert latencies.seconds == [1.0, 2.0, 3.0]
    assert latencies.lateness == [0.0, 1.0, 2.0]


async def test_the_next_call_does_not_wait_for_the_answer_to_the_one_before() -> None:
    under_way: list[int] = []
    all_sent = asyncio.Event()

    async def call(number: int) -> bool:
        under_way.append(number)
        if len(under_way) == 3:
            all_sent.set()
        await all_sent.wait()
        return True

    latencies = await call_at([0.0, 0.0, 0.0], call, monotonic=Clock())

    assert len(latencies.seconds) == 3


async def test_wrong_answers_are_counted() -> None:
    async def call(number: int) -> bool:
        return number != 1

    latencies = await call_at([0.0, 0.0, 0.0], call, monotonic=Clock())

    assert latencies.errors == 1
