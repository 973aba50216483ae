"""Answering at an even pace, so that the time of an answer reveals nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Well above what the work takes, and far above the difference between a known and an unknown address.
STEP_SECONDS = 0.2


@asynccontextmanager
async def even_pace(step_seconds: float = STEP_SECONDS) -> AsyncIterator[None]:
    """Make the block last a whole number of steps."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    yield
    elapsed = loop.time() - start
    await asyncio.sleep(step_seconds - elapsed % step_seconds)
