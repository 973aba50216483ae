"""Does what has to be done as time passes: holds expire, shortages are reported again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.kernel.errors import DomainError

_log = structlog.get_logger()


async def sweep_regularly(*sweeps: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
    """Sweep up what has become due, at the latest `pause_seconds` after it can be done; never returns."""
    while True:
        for sweep in sweeps:
            try:
                await sweep()
            except DomainError as error:
                # The store is away, or others changed the same stock: the next turn finds what is left.
                _log.warning("sweep_waits", reason=error.reason)
        await asyncio.sleep(pause_seconds)
