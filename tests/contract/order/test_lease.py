"""What the relay's lease promises; run over every adapter."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from mesh.event_log.outbox.lease import SqlLease, lease_metadata
from mesh.mongodb.client import database_of, open_client
from services.order.adapters.event_store.lease_mongo import MongoLease
from services.order.adapters.event_store.lease_sqlite import SqliteLease
from services.order.stores import open_database

SECONDS = 5.0


class Lease(Protocol):
    """What the suite is about."""

    async def hold(self) -> bool: ...

    async def release(self) -> None: ...


class Clock:
    """Seconds that a test moves on."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


Take = Callable[[str, Clock], Lease]
Open = Callable[[], AbstractAsyncContextManager[Take]]


@asynccontextmanager
async def in_file(path: Path) -> AsyncIterator[Take]:
    async with open_database(path, lease_metadata) as engine:
        yield lambda holder, clock: SqliteLease(
            SqlLease(engine, name="relay", holder=holder, seconds=SECONDS, clock=clock)
        )


@asynccontextmanager
async def in_mongodb(url: str) -> AsyncIterator[Take]:
    async with open_client(url) as client:
        leases = database_of(client, url, "order")["leases"]
        yield lambda holder, clock: MongoLease(
            leases, name="relay", holder=holder, seconds=SECONDS, clock=clock
        )


@pytest.fixture(params=["sqlite", "mongodb"])
def open_leases(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "sqlite":
        return lambda: in_file(tmp_path / "order.db")
    url: str = request.getfixturevalue("mongodb_url")
    return lambda: in_mongodb(url)


@pytest.fixture
async def lease_of(open_leases: Open) -> AsyncIterator[Take]:
    """Makes the lease of a holder."""
    async with open_leases() as take:
        yield take


async def test_one_holds_it_and_the_others_do_not(lease_of: Take) -> None:
    clock = Clock()
    one, two = lease_of("one", clock), lease_of("two", clock)

    assert await one.hold()
    assert not await two.hold()
    assert await one.hold()


async def test_who_renews_in_time_keeps_it(lease_of: Take) -> None:
    clock = Clock()
    one, two = lease_of("one", clock), lease_of("two", clock)
    await one.hold()

    for _ in range(5):
        clock.now += SECONDS * 0.6
        assert await one.hold()
        assert not await two.hold()


async def test_the_next_one_takes_it_when_the_time_of_a_dead_one_is_over(lease_of: Take) -> None:
    clock = Clock()
    one, two = lease_of("one", clock), lease_of("two", clock)
    await one.hold()

    clock.now += SECONDS

    assert await two.hold()
    assert not await one.hold()


async def test_the_next_one_takes_it_at_once_when_it_was_given_back(lease_of: Take) -> None:
    clock = Clock()
    one, two = lease_of("one", clock), lease_of("two", clock)
    await one.hold()

    await two.release()
    assert not await two.hold()
    await one.release()

    assert await two.hold()


async def test_a_lease_from_a_future_that_never_comes_is_over(lease_of: Take) -> None:
    clock, fast = Clock(), Clock()
    fast.now += 3600.0
    await lease_of("fast", fast).hold()

    assert await lease_of("right", clock).hold()
