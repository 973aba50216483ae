"""Looks into the databases of a mesh from outside."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_HOUSEKEEPING = frozenset({"leases", "positions", "budgets", "sqlite_sequence", "issued_tokens"})
"""Tables that change by themselves: leases of consumers and how far they are, which is stored a moment after
the effects; limits; renewals of the services' own tokens."""

_ENDS = 'SELECT topic, MAX("offset") FROM records GROUP BY topic'
_PLACES = 'SELECT topic, "offset" FROM positions'


def rows(mesh: RunningMesh, database: str, query: str, *values: object) -> list[tuple[object, ...]]:
    """What a query finds in one of a mesh's databases."""
    with _connected(mesh.home / "embedded" / f"{database}.db") as connection:
        return connection.execute(query, values).fetchall()


def fingerprint(mesh: RunningMesh) -> dict[str, str]:
    """A hash of every table of every database."""
    return {
        f"{path.stem}.{table}": digest
        for path in sorted(mesh.home.glob("embedded/*.db"))
        for table, digest in _tables(path)
    }


def wait_until_quiet(mesh: RunningMesh) -> None:
    """Wait until every event has reached every consumer and every mail is out."""
    until(lambda: _is_settled(mesh), "events and mails arrive")


def _is_settled(mesh: RunningMesh) -> bool:
    unpublished = rows(mesh, "order", "SELECT 1 FROM commits WHERE unpublished OR open")
    waiting = [
        row for database in ("user", "inventory") for row in rows(mesh, database, "SELECT 1 FROM outbox")
    ]
    ends = set(rows(mesh, "event_log", _ENDS))
    behind = set(rows(mesh, "event_log_groups", _PLACES)) - ends
    undelivered = rows(mesh, "notification", "SELECT 1 FROM deliveries WHERE state = 'PENDING'")
    return not (unpublished or waiting or behind or undelivered)


def _tables(path: Path) -> Iterator[tuple[str, str]]:
    with _connected(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in found:
            if table not in _HOUSEKEEPING:
                content = sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))  # noqa: S608
                yield table, hashlib.sha256("\n".join(content).encode()).hexdigest()


def _connected(path: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10))
