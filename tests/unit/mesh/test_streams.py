"""How a server stream lives and ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from mesh.server.streams import watch
from shopmesh.stream.v1 import stream_pb2
from shopmesh.stream.v1.stream_pb2 import Closed, Heartbeat


def now() -> datetime:
    return datetime.now(UTC)


async def changes(*values: str, then_silence: bool = False) -> AsyncIterator[str]:
    for value in values:
        yield value
    if then_silence:
        await asyncio.Event().wait()


async def seen(stream: AsyncIterator[Any], most: int = 10) -> list[Any]:
    messages = []
    async for message in stream:
        messages.append(message)
        if len(messages) == most:
            break
    return messages


def open_watch(source: AsyncIterator[str], **options: Any) -> AsyncIterator[Any]:
    usual: dict[str, Any] = {"expire_time": None, "draining": asyncio.Event(), "clock": now}
    return watch(source, **(usual | options))


async def test_changes_come_in_order_and_the_end_says_that_nothing_can_follow() -> None:
    messages = await seen(open_watch(changes("a", "b")))

    assert messages == ["a", "b", Closed(reason=stream_pb2.CLOSE_REASON_FINAL_STATE)]


async def test_a_silence_is_filled_with_heartbeats() -> None:
    messages = await seen(open_watch(changes(then_silence=True), heartbeat_seconds=0.01), most=3)

    assert [type(message) for message in messages] == [Heartbeat] * 3


async def test_a_stream_ends_with_the_callers_token() -> None:
    soon = now() + timedelta(milliseconds=20)
    messages = await seen(open_watch(changes("a", then_silence=True), expire_time=soon))

    assert messages == ["a", Closed(reason=stream_pb2.CLOSE_REASON_TOKEN_EXPIRED)]


async def test_a_stream_ends_at_its_age_limit_though_changes_go_on() -> None:
    async def endless() -> AsyncIterator[str]:
        while True:
            await asyncio.sleep(0)
            yield "a"

    messages = await seen(open_watch(endless(), age_seconds=0.02), most=1_000_000)

    assert messages[-1] == Closed(reason=stream_pb2.CLOSE_REASON_AGE_LIMIT)


async def test_a_stream_ends_when_the_service_drains() -> None:
    draining = asyncio.Event()
    stream = open_watch(changes("a", then_silence=True), draining=draining)
    assert await anext(stream) == "a"

    draining.set()

    assert await seen(stream) == [Closed(reason=stream_pb2.CLOSE_REASON_DRAINING)]


async def test_a_stream_that_is_left_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    stream = open_watch(changes("a", then_silence=True))
    await anext(stream)

    await stream.aclose()  # type: ignore[attr-defined]

    assert asyncio.all_tasks() == before
