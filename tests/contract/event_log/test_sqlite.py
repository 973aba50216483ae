"""What only the embedded event log promises: members take turns by a lease, publishers share a write."""

import asyncio
import gc
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from mesh.event_log import EventLogUnavailable, Record, SubscriptionLost
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.topology import ORDER_EVENTS
from tests.support.event_logs import LEASE_SECONDS, take, versions
from tests.support.events import envelope, record


def placed() -> Record:
    return record(ORDER_EVENTS, envelope("OrderPlaced", "order-1", 1))


class SettableClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_paused_member_loses_its_lease_and_cannot_commit(tmp_path: Path) -> None:
    path, paused_clock, clock = tmp_path / "event_log.db", SettableClock(), SettableClock()
    async with (
        SqliteEventLog.opened(path, clock=paused_clock, lease_seconds=LEASE_SECONDS) as paused_process,
        SqliteEventLog.opened(path, clock=clock, lease_seconds=LEASE_SECONDS) as log,
        paused_process.consume("mail", [ORDER_EVENTS]) as paused,
    ):
        await log.publish(placed())
        [delivery] = await take(paused, 1)
        clock.now += 2 * LEASE_SECONDS
        async with log.consume("mail", [ORDER_EVENTS]) as successor:
            assert versions(await take(successor, 1)) == [("order-1", 1)]
            with pytest.raises(SubscriptionLost):
                await paused.commit(delivery)


async def test_who_has_read_all_looks_again_only_for_more(tmp_path: Path) -> None:
    def looks() -> float:
        return float(REGISTRY.get_sample_value("shopmesh_event_log_reads_total") or 0)

    async with (
        SqliteEventLog.opened(tmp_path / "event_log.db") as log,
        log.consume("mail", [ORDER_EVENTS]) as member,
        asyncio.timeout(10),
    ):
        # Until its first look, before which nothing is known.
        polling = asyncio.create_task(member.poll())
        await log.publish(placed())
        [delivery] = await polling
        await member.commit(delivery)
        before = looks()

        for version in range(2, 12):
            polling = asyncio.create_task(member.poll())
            await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", "order-1", version)))
            assert versions(await polling) == [("order-1", version)]

    # One may come from a notice that was on its way already.
    assert looks() - before <= 10 + 1


async def test_places_that_an_earlier_version_stored_in_the_log_itself_are_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "event_log.db"
    async with SqliteEventLog.opened(path) as log:
        for version in (1, 2):
            await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", "order-1", version)))
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE positions (group_name TEXT, topic TEXT, offset INTEGER)")
        database.execute("INSERT INTO positions VALUES ('mail', ?, 1)", (ORDER_EVENTS,))
        database.commit()

    for version in (2, 3):
        async with SqliteEventLog.opened(path) as log, log.consume("mail", [ORDER_EVENTS]) as member:
            [delivery] = await take(member, 1)
            assert delivery.record.version == version
            await member.commit(delivery)
            await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", "order-1", version + 1)))


async def test_a_lease_from_a_future_that_never_comes_is_over(tmp_path: Path) -> None:
    path, fast, right = tmp_path / "event_log.db", SettableClock(), SettableClock()
    fast.now += 3600
    async with AsyncExitStack() as abandoned:
        gone = await abandoned.enter_async_context(SqliteEventLog.opened(path, clock=fast, lease_seconds=60))
        await gone.publish(placed())
        dead = await abandoned.enter_async_context(gone.consume("mail", [ORDER_EVENTS]))
        await take(dead, 1)
        async with (
            SqliteEventLog.opened(path, clock=right, lease_seconds=60) as log,
            log.consume("mail", [ORDER_EVENTS]) as successor,
        ):
            assert versions(await take(successor, 1)) == [("order-1", 1)]


async def test_a_write_that_fails_is_heard_of_by_its_publishers_and_nowhere_else(tmp_path: Path) -> None:
    path, unheard = tmp_path / "event_log.db", list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
    async with SqliteEventLog.opened(path) as log:
        with closing(sqlite3.connect(path)) as database:
            database.execute("DROP TABLE records")

        outcomes = await asyncio.gather(*(log.publish(placed()) for _ in range(3)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [EventLogUnavailable] * 3
    # Their tracebacks hold the futures.
    del outcomes
    gc.collect()
    assert unheard == []
