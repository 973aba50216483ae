"""Relational databases: engines, transactions and their guarantees, on SQLite and MariaDB alike."""

from mesh.sql.changes import POLL_SECONDS, Changes
from mesh.sql.engine import (
    changes_of,
    create_tables,
    lock,
    open_engine,
    pool_timeout_as_error,
    position_of,
    read,
    read_one,
    reader_of,
    schema_lock,
    sqlite_url,
    write,
    write_with_retry,
    writer_lock,
)
from mesh.sql.prepared import Prepared
from mesh.sql.session import Session
from mesh.sql.single_statement import is_reachable
from mesh.sql.store_errors import is_programming_error

__all__ = [
    "POLL_SECONDS",
    "Changes",
    "Prepared",
    "Session",
    "changes_of",
    "create_tables",
    "is_programming_error",
    "is_reachable",
    "lock",
    "open_engine",
    "pool_timeout_as_error",
    "position_of",
    "read",
    "read_one",
    "reader_of",
    "schema_lock",
    "sqlite_url",
    "write",
    "write_with_retry",
    "writer_lock",
]
