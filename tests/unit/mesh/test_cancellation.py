"""A cancellation that somebody below has lost is raised all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from mesh.concurrency.cancellation import redeliver_cancellation


async def losing() -> None:
    """Wait for long, and lose a cancellation."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)


async def failing() -> None:
    """Lose a cancellation, and fail instead."""
    await losing()
    raise OSError("the server went away")


async def cancelled_during(work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    async def turn() -> None:
        async with redeliver_cancellation():
            await work()

    task = asyncio.create_task(turn())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return task


@pytest.mark.parametrize("work", [losing, failing, lambda: asyncio.sleep(60)])
async def test_who_is_cancelled_ends_as_cancelled(work: Callable[[], Awaitable[None]]) -> None:
    assert (await cancelled_during(work)).cancelled()


async def test_an_error_without_a_cancellation_is_itself() -> None:
    with pytest.raises(OSError, match="full"):
        async with redeliver_cancellation():
            raise OSError("full")


async def test_a_timeout_within_stays_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with redeliver_cancellation(), asyncio.timeout(0.001):
            await asyncio.sleep(60)


async def test_a_timeout_around_it_is_heard_though_it_was_lost_below() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001), redeliver_cancellation():
            await losing()
