"""Commits of other processes are seen, however fast writes follow each other."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mesh.sql.changes import FIRST_LOOK_SECONDS, SqliteChanges
from tests.support.events import running


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process, with a table."""
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE work (id INTEGER)")
        yield connection


async def test_writes_without_a_pause_do_not_put_off_the_look(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    changes = SqliteChanges(tmp_path / "shop.db", longest_seconds=60)
    async with running(changes.run()), asyncio.timeout(20):
        seen = await changes.wait_for_change(0)
        waiting = asyncio.create_task(changes.wait_for_change(seen))
        while not waiting.done():
            other.execute("INSERT INTO work VALUES (1)")
            await asyncio.sleep(FIRST_LOOK_SECONDS / 3)


@pytest.mark.parametrize("is_link", [False, True])
async def test_one_write_is_seen_without_polling(
    tmp_path: Path, other: sqlite3.Connection, *, is_link: bool
) -> None:
    path = tmp_path / "shop.db"
    if is_link:
        path = tmp_path / "link.db"
        path.symlink_to(tmp_path / "shop.db")
    changes = SqliteChanges(path, longest_seconds=60)
    async with running(changes.run()), asyncio.timeout(20):
        seen = await changes.wait_for_change(0)
        other.execute("INSERT INTO work VALUES (1)")
        await changes.wait_for_change(seen)


async def test_where_no_file_is_watched_it_is_polled(
    tmp_path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    changes = SqliteChanges(tmp_path / "shop.db", longest_seconds=60)
    async with running(changes.run()), asyncio.timeout(20):
        seen = await changes.wait_for_change(0)
        other.execute("INSERT INTO work VALUES (1)")
        await changes.wait_for_change(seen)


async def test_what_was_seen_wakes_nobody_once_more(tmp_path: Path, other: sqlite3.Connection) -> None:
    changes = SqliteChanges(tmp_path / "shop.db", longest_seconds=60)
    async with running(changes.run()), asyncio.timeout(20):
        seen = await changes.wait_for_change(0)
        other.execute("INSERT INTO work VALUES (1)")

        changes.note_commit()
        changes.note_commit()

        assert changes.count == seen + 1
