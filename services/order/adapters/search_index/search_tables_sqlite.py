"""The tables of the order index in SQLite, and how rows stand in them."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, Row, String, Table

from services.kernel.money import Money
from services.order.adapters.times import time_text
from services.order.application.ports import OrderRow
from services.order.domain.order import OrderState

metadata = MetaData()
POINTER = Table(
    "search_generations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("current", Integer, nullable=False),
    Column("building", Integer),
    Column("latest", Integer, nullable=False),
)
ROWS = Table(
    "search_rows",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("order_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("place_time", String(32), nullable=False),
    Column("skus", String, nullable=False),
    Column("total", String),
    Index("search_by_time", "generation", "place_time"),
    Index("search_by_customer", "generation", "customer_id", "place_time"),
    Index("search_by_state", "generation", "state", "place_time"),
    sqlite_with_rowid=False,
)
SKUS = Table(
    "search_skus",
    metadata,
    Column("generation", Integer, primary_key=True),
    Column("sku", String(64), primary_key=True),
    Column("place_time", String(32), primary_key=True),
    Column("order_id", String(36), primary_key=True),
    sqlite_with_rowid=False,
)

# Driver statements with plain tuples: a rebuild stores every order there ever was.
STORE_ROW = """
    INSERT INTO search_rows
        (generation, order_id, version, customer_id, state, place_time, skus, total)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (generation, order_id) DO UPDATE SET
        version = excluded.version, state = excluded.state, total = excluded.total
    WHERE excluded.version > search_rows.version
"""
STORE_SKU = "INSERT OR IGNORE INTO search_skus (generation, sku, place_time, order_id) VALUES (?, ?, ?, ?)"


def row_values(generation: int, rows: Iterable[OrderRow]) -> list[tuple[Any, ...]]:
    """What `STORE_ROW` takes."""
    return [
        (
            *(generation, row.order_id, row.version, row.customer_id, row.state.value),
            *(time_text(row.place_time), " ".join(row.skus), _total_text(row.total)),
        )
        for row in rows
    ]


def sku_values(generation: int, rows: Iterable[OrderRow]) -> list[tuple[Any, ...]]:
    """What `STORE_SKU` takes; an order's SKUs never change."""
    return [
        (generation, sku, time, row.order_id)
        for row in rows
        for time in (time_text(row.place_time),)
        for sku in row.skus
    ]


def rows_of(found: Sequence[Row[Any]]) -> list[OrderRow]:
    return [
        OrderRow(
            order_id=row.order_id,
            version=row.version,
            customer_id=row.customer_id,
            state=OrderState(row.state),
            place_time=datetime.fromisoformat(row.place_time),
            skus=tuple(row.skus.split()),
            total=None if row.total is None else Money(*json.loads(row.total)),
        )
        for row in found
    ]


def _total_text(total: Money | None) -> str | None:
    return None if total is None else json.dumps([total.currency_code, total.units, total.nanos])
