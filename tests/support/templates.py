"""State that takes long to make: made once by each worker, copied for each test."""

import asyncio
import tempfile
from functools import cache
from pathlib import Path
from threading import Thread

import pytest

from mesh.settings import MeshSettings
from mesh.sql import open_engine, sqlite_url
from mesh.sql.migrations import Schema, upgrade
from services.user.seed import seed


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a user service with its keys, clients and demo accounts; copy it."""
    home = tmp_path_factory.mktemp("seeded")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(seed(MeshSettings(home=home)))
    return home


def copy_database(schema: Schema, to: Path) -> None:
    """Make a SQLite file with every step of a schema taken."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(_migrated(schema))


@cache
def _migrated(schema: Schema) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        # A test's own loop may be running in this thread.
        migrating = Thread(target=asyncio.run, args=(_migrate(schema, file),))
        migrating.start()
        migrating.join()
        return file.read_bytes()


async def _migrate(schema: Schema, file: Path) -> None:
    engine = open_engine(sqlite_url(file))
    try:
        await upgrade(engine, schema)
    finally:
        await engine.dispose()
