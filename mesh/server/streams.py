"""The life of a server stream: changes, heartbeats, and an end that says why."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from mesh.messages import timestamp
from shopmesh.stream.v1 import stream_pb2
from shopmesh.stream.v1.stream_pb2 import Closed, Heartbeat

T = TypeVar("T")
Clock = Callable[[], datetime]

HEARTBEAT_SECONDS = 15.0
AGE_SECONDS = 900.0
_FIRST = asyncio.FIRST_COMPLETED


async def watch(
    changes: AsyncIterator[T],
    *,
    expire_time: datetime | None,
    draining: asyncio.Event,
    clock: Clock,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    age_seconds: float = AGE_SECONDS,
) -> AsyncIterator[T | Heartbeat | Closed]:
    """Pass on changes as they come, with a heartbeat in every silence and a last word.

    Args:
        changes: What is watched; its end means that nothing more can happen.
        expire_time: When the caller's token ends; None for a caller without one.
        draining: Set when the service is about to stop.
        clock: The time now.
        heartbeat_seconds: The longest silence.
        age_seconds: The longest life of a stream.
    """
    end, reason = _end(clock() + timedelta(seconds=age_seconds), expire_time)
    upcoming = asyncio.ensure_future(anext(changes, None))
    stopping = asyncio.ensure_future(draining.wait())
    try:
        while True:
            left = (end - clock()).total_seconds()
            if left <= 0:
                yield Closed(reason=reason)
                return
            silence = min(left, heartbeat_seconds)
            done, _ = await asyncio.wait({upcoming, stopping}, timeout=silence, return_when=_FIRST)
            if upcoming in done:
                change = upcoming.result()
                if change is None:
                    yield Closed(reason=stream_pb2.CLOSE_REASON_FINAL_STATE)
                    return
                upcoming = asyncio.ensure_future(anext(changes, None))
                yield change
            elif stopping in done:
                yield Closed(reason=stream_pb2.CLOSE_REASON_DRAINING)
                return
            elif silence < left:
                yield Heartbeat(send_time=timestamp(clock()))
    finally:
        await _cancelled(upcoming, stopping)


def _end(
    age_end: datetime, expire_time: datetime | None
) -> tuple[datetime, stream_pb2.CloseReason.ValueType]:
    if expire_time is not None and expire_time < age_end:
        return expire_time, stream_pb2.CLOSE_REASON_TOKEN_EXPIRED
    return age_end, stream_pb2.CLOSE_REASON_AGE_LIMIT


async def _cancelled(*futures: "asyncio.Future[Any]") -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
