"""Waits for conditions instead of times."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_PAUSE_SECONDS = 0.02


def until(condition: Callable[[], bool], what: str, *, seconds: float = 30.0) -> None:
    """Wait until the condition holds; fail with `what` when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(_PAUSE_SECONDS)


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 30.0) -> None:
    """The same for a condition that has to be awaited."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(_PAUSE_SECONDS)
