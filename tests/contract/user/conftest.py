"""A unit of work on each database, and what is stored in it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.ids import uuid7
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.application.ports import UnitOfWork
from services.user.domain.grant import Family
from services.user.domain.session import Session, new_session
from services.user.server import open_database

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def unit_of_work(database_url: str) -> AsyncIterator[UnitOfWork]:
    async with open_database(database_url) as engine:
        yield SqlUnitOfWork(engine, clock=lambda: NOON, new_id=uuid7)


def family(user_id: str, *, sid: str = "here") -> Family:
    return Family(uuid7(), sid, "cli", user_id, frozenset({"orders"}), NOON, NOON, NOON + MINUTE)


def session(user_id: str, sid: str) -> Session:
    return new_session(sid, f"hash of {sid}", user_id, device="Firefox, Linux", at=NOON)
