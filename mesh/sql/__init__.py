"""Relational databases: engines, transactions and their guarantees, on SQLite and MariaDB alike."""

from mesh.sql.changes import POLL_SECONDS, Changes
from mesh.sql.engine import (
    Session,
    alone,
    bounded,
    changes_of,
    create_tables,
    is_programming_error,
    is_reachable,
    lock,
    open_engine,
    position_of,
    read,
    reader_of,
    sqlite_url,
    write,
    writer_lock,
    writing,
)

__all__ = [
    "POLL_SECONDS",
    "Changes",
    "Session",
    "alone",
    "bounded",
    "changes_of",
    "create_tables",
    "is_programming_error",
    "is_reachable",
    "lock",
    "open_engine",
    "position_of",
    "read",
    "reader_of",
    "sqlite_url",
    "write",
    "writer_lock",
    "writing",
]
