"""Inventory's tables.

Every shelf of `stock` starts at zero: the sums over its `movements` are its numbers.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    text,
)

from mesh.sql.columns import UtcTime
from services.kernel.money import Money

# SQLite counts up by itself only in a plain INTEGER key.
_Serial = BigInteger().with_variant(Integer, "sqlite")
_ORDER_ID = String(36)
_SKU = String(64)
_WAREHOUSE = String(40)

metadata = MetaData()

products = Table(
    "products",
    metadata,
    Column("sku", _SKU, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("category", String(40), nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("nanos", Integer, nullable=False),
    Column("image_url", String(500), nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("update_time", UtcTime, nullable=False),
    # Folded to one case: what lists are sorted by, and where words are looked for.
    Column("name_key", String(600), nullable=False),
    Column("search_text", Text, nullable=False),
    CheckConstraint("units >= 0 AND nanos >= 0", name="price_not_negative"),
    Index("products_by_name", "retired", "name_key", "sku"),
    Index("products_by_price", "retired", "units", "nanos", "sku"),
    Index("products_by_category", "retired", "category", "name_key", "sku"),
)

product_changes = Table(
    "product_changes",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("sku", _SKU, ForeignKey("products.sku"), nullable=False),
    Column("what", String(100), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("time", UtcTime, nullable=False),
    Index("product_changes_by_sku", "sku", "id"),
    sqlite_autoincrement=True,
)

price_history = Table(
    "price_history",
    metadata,
    Column("change_id", ForeignKey("product_changes.id"), primary_key=True),
    Column("sku", _SKU, ForeignKey("products.sku"), nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("nanos", Integer, nullable=False),
    Column("start_time", UtcTime, nullable=False),
    Index("price_history_by_sku", "sku", "change_id"),
)

warehouses = Table("warehouses", metadata, Column("name", _WAREHOUSE, primary_key=True))

stock = Table(
    "stock",
    metadata,
    Column("sku", _SKU, ForeignKey("products.sku"), primary_key=True),
    Column("warehouse", _WAREHOUSE, ForeignKey("warehouses.name"), primary_key=True),
    Column("book_quantity", Integer, nullable=False),
    Column("unreported", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("committed", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    # The last update of the warehouse system that counts; 0: none yet.
    Column("sequence", BigInteger, nullable=False),
    # In which epoch of the warehouse's feed; below the current one it waits for a count.
    Column("epoch", Integer, nullable=False, server_default="1"),
    # How many of its updates were refused in a row.
    Column("refusals", Integer, nullable=False, server_default="0"),
    CheckConstraint("book_quantity >= 0", name="book_quantity_not_negative"),
    CheckConstraint("unreported >= 0", name="unreported_not_negative"),
    CheckConstraint("held >= 0", name="held_not_negative"),
    CheckConstraint("committed >= 0", name="committed_not_negative"),
    Index("stock_by_epoch", "warehouse", "epoch"),
    Index("stock_by_refusals", "refusals"),
)

movements = Table(
    "movements",
    metadata,
    # AUTOINCREMENT under one writer at a time: ids appear in order, so they are a safe cursor on SQLite.
    Column("id", _Serial, primary_key=True),
    Column("sku", _SKU, nullable=False),
    Column("warehouse", _WAREHOUSE, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("book_quantity", Integer, nullable=False),
    Column("unreported", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("committed", Integer, nullable=False),
    Column("order_id", _ORDER_ID, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("note", String(200), nullable=False),
    Column("causation", String(100), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("trace_id", String(32), nullable=False, server_default=""),
    Index("movements_by_sku", "sku", "time", "id"),
    Index("movements_by_order", "order_id", "sku", "time", "id"),
    sqlite_autoincrement=True,
)

reservations = Table(
    "reservations",
    metadata,
    Column("order_id", _ORDER_ID, primary_key=True),
    Column("state", String(10), nullable=False),
    Column("expire_time", UtcTime),
    Column("actor", String(100), nullable=False),
    Column("update_time", UtcTime, nullable=False),
    # What the sweeper looks through: only holds have an end.
    Index(
        "holds_by_expiry",
        "expire_time",
        sqlite_where=text("state = 'HELD'"),
    ),
)

reservation_lines = Table(
    "reservation_lines",
    metadata,
    Column("order_id", _ORDER_ID, ForeignKey("reservations.order_id"), primary_key=True),
    Column("sku", _SKU, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("nanos", Integer, nullable=False),
    # How many pieces have left by the order's own events.
    Column("shipped", Integer, nullable=False, server_default="0"),
)

allocations = Table(
    "allocations",
    metadata,
    Column("order_id", _ORDER_ID, ForeignKey("reservations.order_id"), primary_key=True),
    Column("sku", _SKU, primary_key=True),
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("quantity", Integer, nullable=False),
    # How many of them have left, and how many of those only by what the shop says.
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("unreported", Integer, nullable=False, server_default="0"),
    CheckConstraint("quantity > 0", name="allocation_positive"),
    Index("allocations_by_shelf", "sku", "warehouse"),
)

# What warehouse systems have said of pieces that left for orders; see `domain.departure.Report`.
departures = Table(
    "departures",
    metadata,
    Column("order_id", _ORDER_ID, primary_key=True),
    Column("sku", _SKU, primary_key=True),
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("named", Integer, nullable=False),
    Column("named_epoch", Integer, nullable=False),
    Column("named_sequence", BigInteger, nullable=False),
    Column("deltas_before", Integer, nullable=False),
    Column("deltas_since", Integer, nullable=False),
    # Each as [epoch, sequence, pieces]; of deltas from before step 10 it is not known.
    Column("deltas_since_at", JSON),
    Column("counted_in", Integer, nullable=False),
    Column("after_cancel", Integer, nullable=False),
    Column("time", UtcTime, nullable=False),
)

# Of warehouses whose feed was restarted; the others are in their first epoch.
feeds = Table(
    "feeds",
    metadata,
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("start_time", UtcTime, nullable=False),
)

feed_starts = Table(
    "feed_starts",
    metadata,
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("time", UtcTime, nullable=False),
)

# What has come of the warehouse system's updates, one row per epoch and sequence of a shelf.
wms_updates = Table(
    "wms_updates",
    metadata,
    Column("sku", _SKU, primary_key=True),
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False, server_default="1"),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("result", String(12), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("observe_time", UtcTime),
    Column("time", UtcTime, nullable=False),
)

# Quarantined updates, for people to look at; SKU and warehouse may be unknown.
wms_quarantine = Table(
    "wms_quarantine",
    metadata,
    Column("sku", _SKU, primary_key=True),
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False, server_default="1"),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String(64), primary_key=True),
    Column("content", Text, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("observe_time", UtcTime),
    Column("time", UtcTime, nullable=False),
    Index("wms_quarantine_by_time", "time"),
)

shortages = Table(
    "shortages",
    metadata,
    Column("sku", _SKU, primary_key=True),
    Column("warehouse", _WAREHOUSE, primary_key=True),
    Column("missing", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    # When to look again whether orders were cancelled.
    Column("due_time", UtcTime, nullable=False),
    Index("shortages_by_due_time", "due_time"),
)

adjustments = Table(
    "adjustments",
    metadata,
    Column("caller", String(100), primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("sku", _SKU, nullable=False),
    Column("warehouse", _WAREHOUSE, nullable=False),
    Column("delta", Integer, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("time", UtcTime, nullable=False),
)


def money_columns(money: Money) -> dict[str, str | int]:
    """An amount as the columns `currency_code`, `units`, `nanos`."""
    return {"currency_code": money.currency_code, "units": money.units, "nanos": money.nanos}


def money_of(row: Row[Any]) -> Money:
    return Money(row.currency_code, row.units, row.nanos)
