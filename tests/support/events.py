"""Records and consumers for tests about the event log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from mesh.event_log import Record
from services.kernel.envelope import Envelope, hash_of

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DEADLINE_SECONDS = 20.0


def morning() -> datetime:
    """A clock that stands still."""
    return MORNING


def envelope(
    type_: str,
    key: str,
    version: int,
    payload: dict[str, Any] | None = None,
    *,
    trace: str = "",
    occur_time: datetime = MORNING,
) -> Envelope:
    return Envelope(
        event_id=f"event-{key}-{version}",
        type=type_,
        schema_version=1,
        key=key,
        version=version,
        occur_time=occur_time,
        actor="system",
        correlation="a test",
        causation="",
        trace=trace,
        payload=payload or {},
        prev_hash="",
    )


def record(topic: str, event: Envelope) -> Record:
    """What carries an event on the log."""
    body = event.body()
    return Record(topic, event.key, event.version, body, hash_of(body))


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until a condition holds; fail at the deadline."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run loops beside the body; one that fails, fails the test."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done() and not task.cancelled()]
        failed = [error for task in ended if (error := task.exception()) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not failed, failed
