"""A thread for a library that blocks, owned by a context manager of the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

CLOSE_SECONDS = 8.0

_log = structlog.get_logger()


@asynccontextmanager
async def in_thread(
    target: Callable[[], None], *, name: str, stop: Callable[[], None]
) -> AsyncIterator[None]:
    """Run a function beside the body; at the end stop it, and wait for it, but not for ever.

    The thread is a daemon: one that hangs keeps no process from ending.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def run() -> None:
        try:
            target()
        finally:
            call_soon(loop, ended.set)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        yield
    finally:
        stop()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await ended.wait()
        except TimeoutError:
            _log.warning("thread_does_not_end", thread=name)


def call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Call something in a loop from another thread; a closed loop is left alone."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
