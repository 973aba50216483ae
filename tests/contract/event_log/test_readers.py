"""Services announce which events they read, and a new version is written once all of them do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh.event_log import EventLog
from mesh.event_log.readers import ReaderWatch, announce
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7
from tests.support.event_logs import Open, Topics, open_kafka, open_sqlite, own_topics
from tests.support.events import eventually, running

PARTS = ("OrderShipped", 2)


@dataclass
class Announcements:
    """A log, and a topic of its own for what is announced in it."""

    log: EventLog
    topic: str

    def watch(self, *readers: str) -> ReaderWatch:
        return ReaderWatch(self.log, readers, topic=self.topic)

    async def announce(self, reader: str, **latest: int) -> None:
        await announce(self.log, reader, latest, clock=system_clock, new_id=uuid7, topic=self.topic)

    async def versions(self) -> list[tuple[str, int]]:
        async with aclosing(self.log.replay(self.topic)) as deliveries:
            return [(each.record.key, each.record.version) async for each in deliveries]


@pytest.fixture
def topics() -> Topics:
    return own_topics()


@pytest.fixture(params=["sqlite", "kafka"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path, topics: Topics) -> Open:
    if request.param == "sqlite":
        return open_sqlite(tmp_path)
    return open_kafka(request.getfixturevalue("kafka").url, topics)


@pytest.fixture
async def announcements(open_log: Open, topics: Topics) -> AsyncIterator[Announcements]:
    async with open_log() as log:
        yield Announcements(log, topics.users)


async def test_a_version_is_read_once_all_have_announced_it(announcements: Announcements) -> None:
    watch = announcements.watch("inventory", "notification")
    async with running(watch.run()):
        assert await watch.all_read(("OrderShipped", 1))
        assert not await watch.all_read(PARTS)
        await announcements.announce("inventory", OrderShipped=2)
        await announcements.announce("somebody", OrderShipped=9)
        await announcements.announce("notification", OrderPlaced=2)
        assert not await watch.all_read(PARTS)

        await announcements.announce("notification", OrderShipped=3)
        await eventually(lambda: watch.all_read(PARTS))


async def test_what_was_announced_before_is_known_to_those_who_start_later(
    announcements: Announcements,
) -> None:
    await announcements.announce("inventory", OrderShipped=2)
    watch = announcements.watch("inventory")

    async with running(watch.run()):
        await eventually(lambda: watch.all_read(PARTS))


async def test_it_is_announced_once_however_often_a_service_starts(announcements: Announcements) -> None:
    for _ in range(3):
        await announcements.announce("inventory", OrderShipped=2)
    await asyncio.gather(*(announcements.announce("inventory", OrderShipped=2) for _ in range(3)))

    await announcements.announce("inventory", OrderShipped=3)

    assert await announcements.versions() == [("inventory", 1), ("inventory", 2)]
