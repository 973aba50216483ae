"""Cancellations that drivers hold back or lose are delivered all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def redeliver_cancellation() -> AsyncIterator[None]:
    """Raise at the end what came meanwhile and was not raised.

    Our SQLite connections hold a cancellation back while a statement runs; `asyncio.wait_for` of Python 3.11,
    which asyncmy reads with and pymongo and redis-py write with, loses one that comes together with the
    answer. A loop that goes on for ever would never hear of it again: each of its turns is to be within this.
    """
    before = _cancellations()
    try:
        yield
    finally:
        if _cancellations() > before:
            await asyncio.sleep(0)
            raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
