"""Several processes on one event log, and what a kill leaves behind."""

import asyncio
import sys
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from mesh import sql
from tests.support.event_log_process import KAFKA_URL, effects, metadata
from tests.support.events import eventually

CHECKOUT = Path(__file__).parents[3]
KEYS = [f"order-{number}" for number in range(4)]
VERSIONS = 40
PUBLISHING_SECONDS = 120.0

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What the processes of a test share; its name is nobody else's."""
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    if request.param == "kafka":
        (folder / KAFKA_URL).write_text(request.getfixturevalue("kafka").url)
    return folder


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "tests.support.event_log_process", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def publish_all(folder: Path) -> None:
    """One process per key, all at once, on a log that none of them finds ready."""

    async def publish(key: str) -> int:
        async with started("publish", str(folder), key, str(VERSIONS)) as process:
            return await process.wait()

    async with asyncio.timeout(PUBLISHING_SECONDS):
        assert set(await asyncio.gather(*(publish(key) for key in KEYS))) == {0}


async def noted(folder: Path) -> dict[str, list[int]]:
    engine = sql.open_engine(sql.sqlite_url(folder / "consumer.db"))
    await sql.create_tables(engine, metadata)
    async with sql.read(engine) as session:
        rows = (await session.execute(select(effects))).all()
    await engine.dispose()
    return {key: [row.version for row in rows if row.key == key] for key in KEYS}


@pytest.mark.parametrize("folder", ["sqlite", pytest.param("kafka", marks=pytest.mark.long)], indirect=True)
async def test_processes_publish_at_once_and_every_key_is_in_order(folder: Path) -> None:
    async def all_noted() -> bool:
        return await noted(folder) == {key: list(range(1, VERSIONS + 1)) for key in KEYS}

    async with started("consume", str(folder)), started("consume", str(folder)):
        await publish_all(folder)
        await eventually(all_noted)


@pytest.mark.parametrize("folder", [pytest.param("sqlite", marks=pytest.mark.long), "kafka"], indirect=True)
async def test_consumers_that_are_killed_lose_and_double_nothing(folder: Path) -> None:
    async def noted_more_than(count: int) -> bool:
        return sum(map(len, (await noted(folder)).values())) > count

    await publish_all(folder)
    for kill_after in (10, 50, 90):
        async with started("consume", str(folder)) as consumer:
            await eventually(lambda count=kill_after: noted_more_than(count))  # type: ignore[misc]
            consumer.kill()
    async with started("consume", str(folder)):
        await eventually(lambda: noted_more_than(len(KEYS) * VERSIONS - 1))
    assert await noted(folder) == {key: list(range(1, VERSIONS + 1)) for key in KEYS}
