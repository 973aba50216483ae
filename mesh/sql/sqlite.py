"""SQLite as the mesh uses it: shared by several processes, each commit on disk when it returns."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine import Engine

from mesh.sql.sqlite_connections import driver_of
from mesh.sql.sqlite_driver import BUSY_TIMEOUT_MS, SqliteConnection

_WAL_ATTEMPTS = 200


def engine_options(_url: URL) -> dict[str, Any]:
    """What `create_async_engine` has to know."""
    return {"connect_args": {"factory": SqliteConnection, "check_same_thread": False}}


def make_folder(url: URL) -> None:
    """Make the folder of a file; other databases have none."""
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def set_up(engine: Engine) -> None:
    """Prepare every connection, and begin transactions that SQLAlchemy thinks of as begun."""
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def leave_unflushed(engine: Engine) -> None:
    """Let commits reach the disk with a later checkpoint; the file stays whole when the power fails."""
    event.listen(engine, "connect", _flush_at_checkpoints)


def _begin(connection: Connection) -> None:
    driver = driver_of(connection)
    # Those that write have begun.
    if not driver.in_transaction:
        driver.execute("BEGIN")


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _enter_wal(cursor)
    # FULL: a commit is on disk when it returns, also when the power fails.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: an erased account is in no free page either.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute("PRAGMA busy_timeout=0")
    cursor.close()


def _flush_at_checkpoints(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


def _enter_wal(cursor: Any) -> None:
    # The change of mode does not honour the busy timeout: of several first processes one wins.
    for attempt in range(_WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == _WAL_ATTEMPTS - 1:
                raise
        else:
            return
