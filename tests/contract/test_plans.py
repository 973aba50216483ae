"""No statement of SQLite reads all that there ever was: each finds its rows by an index.

SQLite plans by the shape of a statement alone: what it does with empty tables it does with full ones.
"""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

import mesh
import services
from mesh.event_log.inbox import inbox_rows
from mesh.event_log.outbox.lease import lease_metadata
from mesh.event_log.sqlite.records import metadata as log_metadata
from mesh.sql import prepared
from services.inventory.adapters import catalog_sql, feeds_sql, movements_sql, reservations_sql, tables
from services.inventory.adapters.schema_sql import SCHEMA as INVENTORY
from services.inventory.domain.movement import Cause, MovementFilter, MovementPosition
from services.inventory.domain.product_query import ProductOrder
from services.notification.adapters import delivery_statements_sql
from services.notification.adapters.schema_sql import SCHEMA as NOTIFICATION
from services.order.adapters.event_store import event_tables_sqlite
from services.order.adapters.search_index import search_tables_sqlite
from services.user.adapters.schema_sql import SCHEMA as USER
from tests.support.events import MORNING

DIALECT = sqlite.dialect()
DATABASES = {
    "user": USER.metadatas,
    "inventory": INVENTORY.metadatas,
    "notification": NOTIFICATION.metadatas,
    "order": (event_tables_sqlite.metadata, lease_metadata),
    "search": (search_tables_sqlite.metadata,),
    "log": (log_metadata, lease_metadata),
}
SELECTIVE = {
    "commits": {"order_id"},
    "events": {"order_id"},
    "records": {"offset", "rowid"},
    "search_rows": {"order_id"},
    "search_skus": {"order_id"},
    "inbox": {"key"},
    "movements": {"id", "rowid", "sku", "order_id"},
    "stock": {"sku", "warehouse", "rowid", "refusals"},
    "reservations": {"order_id", "expire_time"},
    "reservation_lines": {"order_id"},
    "allocations": {"order_id"},
    "departures": {"order_id"},
    "deliveries": {"rowid", "notification_id", "order_id", "due_time", "state"},
    "order_summaries": {"order_id"},
}
"""What grows with the number of orders, and the columns of which one value leaves a few rows."""
PARTIAL = {"commits_unpublished", "commits_open", "holds_by_expiry"}
"""Indexes of what is to be done."""
# What is deleted is not there to be read again.
_STATEMENT = re.compile(r"\s*(SELECT|UPDATE|WITH)\b")
_BY = r" USING (?:COVERING )?(?:INDEX (\w+)|INTEGER PRIMARY KEY|PRIMARY KEY)"
_STEP = re.compile(rf"(?:SEARCH|SCAN) (\w+)(?:{_BY})?(?: \((.*)\))?")


@dataclass(frozen=True)
class Planned:
    """What SQLite does for a statement."""

    text: str
    steps: tuple[str, ...]

    @property
    def wrong(self) -> list[str]:
        """The steps that read what nobody asked for."""
        return [step for step in self.steps if not self._is_bounded(step)]

    def _is_bounded(self, step: str) -> bool:
        found = _STEP.match(step)
        if found is None or found[1] not in SELECTIVE or found[2] in PARTIAL:
            return True
        if step == f"SEARCH {found[1]}":
            # The least or greatest of a column, at an end of an index.
            return True
        columns = set(re.findall(r"(\w+)[=<>]", found[3] or ""))
        ends_early = "LIMIT" in self.text and not any("TEMP B-TREE FOR ORDER" in each for each in self.steps)
        return bool(columns & SELECTIVE[found[1]]) or ends_early


def questions() -> Iterator[Select[Any]]:
    """What is put together where it is asked."""
    yield from (feeds_sql.FEEDS, feeds_sql.REFUSING, feeds_sql.SHELVES.where(tables.stock.c.sku == "MUG"))
    position = MovementPosition(MORNING, 7)
    for wanted in (
        MovementFilter("MUG"),
        MovementFilter("MUG", "berlin", "an order", Cause.SHIP, MORNING, MORNING),
    ):
        for before in (None, position):
            yield movements_sql.latest(wanted, limit=3, before=before)


def statements() -> Iterator[str]:
    """Every statement that is prepared, and every text of one that a module has."""
    modules = [
        importlib.import_module(each.name)
        for package in (mesh, services)
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if re.search(r"(_sql|_sqlite|sqlite\.\w+|outbox|inbox\w*|parked|lease|deliveries)$", each.name)
    ]
    for count in (1, 3):
        yield from (
            each(count).compiled(DIALECT).text
            for each in (
                inbox_rows._turns_of,
                inbox_rows._progress_of,
                reservations_sql._of_orders,
                event_tables_sqlite.of_orders,
                delivery_statements_sql.at_positions,
            )
        )
    for order, goes_on in product(ProductOrder, (False, True)):
        catalog_sql._page(order, descending=False, in_category=False, words=2, goes_on=goes_on)
    yield from (each.compiled(DIALECT).text for each in tuple(prepared._ALL))
    yield from (str(each.compile(dialect=DIALECT)) for each in questions())
    for module in modules:
        texts = (value for value in vars(module).values() if isinstance(value, str))
        yield from (text for text in texts if _STATEMENT.match(text))


@pytest.fixture(scope="module")
def databases() -> dict[str, sqlite3.Connection]:
    opened = {name: sqlite3.connect(":memory:") for name in DATABASES}
    for name, metadatas in DATABASES.items():
        for metadata in metadatas:
            for table in metadata.sorted_tables:
                opened[name].execute(str(CreateTable(table).compile(dialect=DIALECT)))
                for index in table.indexes:
                    opened[name].execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    return opened


def planned(text: str, databases: dict[str, sqlite3.Connection]) -> Iterator[Planned]:
    """The plan of a statement in each database that has its tables."""
    for database in databases.values():
        count = len(re.findall(r"\?", text))
        given = dict.fromkeys(re.findall(r":(\w+)", text)) or (None,) * count
        try:
            rows = database.execute(f"EXPLAIN QUERY PLAN {text}", given).fetchall()
        except sqlite3.OperationalError:
            continue
        yield Planned(" ".join(text.split()), tuple(row[3] for row in rows))


def test_no_statement_reads_all_that_there_ever_was(databases: dict[str, sqlite3.Connection]) -> None:
    plans = [plan for text in statements() for plan in planned(text, databases)]

    assert [(plan.text, plan.wrong) for plan in plans if plan.wrong] == []
    assert len(plans) > 50


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM deliveries WHERE holder = ?",
        "SELECT sku, max(id) FROM movements WHERE id > ? GROUP BY sku",
        "SELECT version FROM inbox WHERE consumer = ? AND (topic, key) IN ((?, ?), (?, ?))",
        "SELECT order_id, min(commit_time) FROM commits WHERE open GROUP BY order_id",
    ],
)
def test_statements_that_do_are_found(text: str, databases: dict[str, sqlite3.Connection]) -> None:
    assert any(plan.wrong for plan in planned(text, databases))
