"""What the tests of SQLite share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql


@pytest.fixture
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine over a file that has the tables of the test's module."""
    engine = sql.open_engine(sql.sqlite_url(tmp_path / "numbers.db"))
    await sql.create_tables(engine, request.module.metadata)
    yield engine
    await engine.dispose()
