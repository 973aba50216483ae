"""Work that is begun and not waited for."""

import asyncio

import pytest

from mesh.concurrency import task_group
from mesh.concurrency.task_group import Tasks


async def test_what_does_not_end_is_cancelled_and_has_ended_when_the_block_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(task_group, "GRACE_SECONDS", 0.01)
    ended = False

    async def work() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True

    async with Tasks() as running:
        running.start(work())

    assert ended
