"""Of several processes one holds a lease; a database that does not answer is an error."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log.outbox.lease import SqlLease, lease_metadata


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[list[AsyncEngine]]:
    """One database as several processes have it."""
    opened = [sql.open_engine(database_url) for _ in range(4)]
    await sql.create_tables(opened[0], lease_metadata)
    yield opened
    for engine in opened:
        await engine.dispose()


async def test_of_many_who_ask_at_once_one_holds_it(engines: list[AsyncEngine]) -> None:
    ticks = itertools.count()

    def clock() -> float:
        """Goes on with every look: who waits for a turn is later than who had it."""
        return 1_800_000_000 + next(ticks) / 1000

    leases = [
        SqlLease(engine, name="relay", holder=f"worker-{number}", clock=clock)
        for number, engine in enumerate(engines)
    ]

    held = await asyncio.gather(*(lease.hold() for lease in leases))

    assert held.count(True) == 1


async def test_where_nobody_can_know_the_error_is_the_databases(engines: list[AsyncEngine]) -> None:
    async with sql.write(engines[0]) as session:
        await session.execute(text("DROP TABLE leases"))

    with pytest.raises(DBAPIError):
        await SqlLease(engines[0], name="relay", holder="worker-0").hold()
