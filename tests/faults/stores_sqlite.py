"""Reads the stores that are SQLite files."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.stored import IndexRow, StoredEvent

_STORED = "SELECT order_id, version, body, hash FROM events ORDER BY order_id, version"
_PUBLISHED = """
    SELECT key, version, body, hash FROM records
    WHERE topic = 'shopmesh.order.events.v1' ORDER BY "offset"
"""
_INDEX = """
    SELECT order_id, version, customer_id, state, place_time, skus, total FROM search_rows
    WHERE generation = (SELECT COALESCE(MAX(current), 1) FROM search_generations)
"""


def rows_in_sqlite(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Run a query on a file that others may be writing."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def change_in_sqlite(path: Path, statement: str) -> None:
    """Run a statement that writes."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute(statement)


def stored_in_sqlite(path: Path) -> list[StoredEvent]:
    return [StoredEvent(*row) for row in rows_in_sqlite(path, _STORED)]


def published_in_sqlite(path: Path) -> list[StoredEvent]:
    return [StoredEvent(*row) for row in rows_in_sqlite(path, _PUBLISHED)]


def index_in_sqlite(path: Path) -> list[IndexRow]:
    return [
        IndexRow(id_, version, customer, state, time, tuple(skus.split()), total and tuple(json.loads(total)))
        for id_, version, customer, state, time, skus, total in rows_in_sqlite(path, _INDEX)
    ]
