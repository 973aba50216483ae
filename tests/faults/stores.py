"""What the embedded stores of a mesh hold, read from outside and without its code."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it is stored or published."""

    order_id: str
    version: int
    body: bytes
    hash: str

    @property
    def fields(self) -> dict[str, Any]:
        """The event's JSON."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True)
class Stores:
    """The databases below a mesh's home."""

    home: Path

    def rows(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a query; the mesh may be running."""
        path = self.home / "embedded" / f"{database}.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def stored(self) -> list[StoredEvent]:
        """The events of all orders, by order and version."""
        query = "SELECT order_id, version, body, hash FROM events ORDER BY order_id, version"
        return [StoredEvent(*row) for row in self.rows("order", query)]

    def published(self) -> list[StoredEvent]:
        """The order events of the event log, in its order."""
        query = 'SELECT key, version, body, hash FROM records WHERE topic = ? ORDER BY "offset"'
        return [StoredEvent(*row) for row in self.rows("event_log", query, "shopmesh.order.events.v1")]

    def mails(self) -> list[str]:
        """The names of the mails that went out."""
        return [path.name for path in self.home.joinpath("mail").glob("*.eml")]


def by_order(events: Sequence[StoredEvent]) -> Iterator[tuple[str, list[StoredEvent]]]:
    """The events of each order, in the order given."""
    grouped: dict[str, list[StoredEvent]] = {}
    for event in events:
        grouped.setdefault(event.order_id, []).append(event)
    yield from grouped.items()
