"""Does what has to be done as time passes: holds expire, shortages are told again."""

import asyncio
from collections.abc import Awaitable, Callable


async def sweep_regularly(*sweeps: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
    """Sweep up what has become due, at the latest `pause_seconds` after it; never returns."""
    while True:
        for sweep in sweeps:
            await sweep()
        await asyncio.sleep(pause_seconds)
