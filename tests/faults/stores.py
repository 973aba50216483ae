"""What the stores of a mesh hold, read from outside and without its code.

Files, or MongoDB, Kafka and MariaDB where the mesh has their URLs.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.stored import IndexRow, SignedHead, StoredEvent
from tests.faults.stores_kafka import published_in_kafka
from tests.faults.stores_mariadb import change_in_mariadb, rows_in_mariadb
from tests.faults.stores_mongo import index_in_mongo, stored_in_mongo
from tests.faults.stores_sqlite import (
    change_in_sqlite,
    index_in_sqlite,
    published_in_sqlite,
    rows_in_sqlite,
    stored_in_sqlite,
)

_EMBEDDED, _REAL = "embedded", "real"
_IN_SQL = ("user", "inventory", "notification")
_URL = re.compile(r"export (\w+)='(.*)'")
MONGODB, KAFKA, MYSQL = "SHOPMESH_MONGODB_URL", "SHOPMESH_KAFKA_URL", "SHOPMESH_MYSQL_URL"


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of the mesh that lives in a home; it may be running.

    Attributes:
        home: Where.
        given: URLs that its environment gave it; those of its own backends are found.
    """

    home: Path
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The files of its profile."""
        real = self.home / _REAL
        return real if real.exists() else self.home / _EMBEDDED

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """Run a query that SQLite and MariaDB both understand."""
        url = self.url(MYSQL)
        if url and database in _IN_SQL:
            return rows_in_mariadb(url, database, query)
        return rows_in_sqlite(self.folder / f"{database}.db", query)

    def change(self, database: str, statement: str) -> None:
        """Run a statement that writes, as somebody with access to a service's database could."""
        url = self.url(MYSQL)
        if url and database in _IN_SQL:
            change_in_mariadb(url, database, statement)
        else:
            change_in_sqlite(self.folder / f"{database}.db", statement)

    def stored(self) -> list[StoredEvent]:
        """The events of all orders, by order and version."""
        url = self.url(MONGODB)
        return stored_in_mongo(url) if url else stored_in_sqlite(self.folder / "order.db")

    def published(self) -> list[StoredEvent]:
        """The order events of the event log, each order's in its order."""
        url = self.url(KAFKA)
        return published_in_kafka(url) if url else published_in_sqlite(self.folder / "event_log.db")

    def index(self) -> list[IndexRow]:
        """The rows in which staff finds orders."""
        url = self.url(MONGODB)
        return index_in_mongo(url) if url else index_in_sqlite(self.folder / "order_search.db")

    def heads(self) -> list[SignedHead]:
        """The log of signed heads; lines that were cut do not count."""
        path = self.folder / "order_heads.log"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [head for line in lines if (head := _head(line))]

    def head_key(self) -> bytes:
        """What heads are signed with."""
        return bytes.fromhex(self.home.joinpath("secrets", "order-heads").read_text())

    def mails(self) -> list[str]:
        """The names of the mails that went out."""
        return [path.name for path in self.home.joinpath("mail").glob("*.eml")]

    def url(self, variable: str) -> str | None:
        """Where a backend is; None: there is none."""
        path = self.home / _REAL / "backends" / "urls.env"
        own = dict(_URL.findall(path.read_text())) if path.exists() else {}
        return (own | dict(self.given)).get(variable)


def by_order(events: Sequence[StoredEvent]) -> Iterator[tuple[str, list[StoredEvent]]]:
    """The events of each order, in the order given."""
    grouped: dict[str, list[StoredEvent]] = {}
    for event in events:
        grouped.setdefault(event.order_id, []).append(event)
    yield from grouped.items()


def _head(line: bytes) -> SignedHead | None:
    try:
        return SignedHead(**{name: json.loads(line)[name] for name in ("orderId", "version", "hash", "mac")})
    except (ValueError, KeyError):
        return None
