"""What has left of an order is counted in pieces; what was there had left whole or not at all."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_REPORTED = """
    INSERT INTO departures (order_id, sku, warehouse, named, named_epoch, named_sequence,
        deltas_before, deltas_since, counted_in, after_cancel, time)
    SELECT s.order_id, s.sku, s.warehouse, 0, 0, 0, 0, s.quantity, 0,
        CASE WHEN s.after_cancel THEN s.quantity ELSE 0 END, s.time
    FROM shipments s WHERE s.reported AND NOT EXISTS (
        SELECT 1 FROM departures d
        WHERE d.order_id = s.order_id AND d.sku = s.sku AND d.warehouse = s.warehouse
    )
"""
_GONE = """
    UPDATE allocations SET gone = quantity, unreported = quantity WHERE EXISTS (
        SELECT 1 FROM shipments s WHERE s.order_id = allocations.order_id
        AND s.sku = allocations.sku AND s.warehouse = allocations.warehouse
    )
"""
_NOT_UNREPORTED = """
    UPDATE allocations SET unreported = 0 WHERE EXISTS (
        SELECT 1 FROM shipments s WHERE s.order_id = allocations.order_id
        AND s.sku = allocations.sku AND s.warehouse = allocations.warehouse AND s.reported
    )
"""
# An order's own event shipped all of it. Where the warehouse has reported all, it makes no difference.
_SHIPPED = """
    UPDATE reservation_lines SET shipped = quantity WHERE EXISTS (
        SELECT 1 FROM allocations a
        WHERE a.order_id = reservation_lines.order_id AND a.sku = reservation_lines.sku
    ) AND NOT EXISTS (
        SELECT 1 FROM allocations a WHERE a.order_id = reservation_lines.order_id
        AND a.sku = reservation_lines.sku AND a.gone < a.quantity
    )
"""
_BACK = """
    INSERT INTO shipments (order_id, sku, warehouse, quantity, after_cancel, reported, time)
    SELECT a.order_id, a.sku, a.warehouse, a.gone, COALESCE(d.after_cancel, 0) > 0, a.unreported = 0,
        COALESCE(d.time, r.update_time)
    FROM allocations a JOIN reservations r ON r.order_id = a.order_id
    LEFT JOIN departures d ON d.order_id = a.order_id AND d.sku = a.sku AND d.warehouse = a.warehouse
    WHERE a.gone > 0
"""
_COUNTED = (("allocations", "gone"), ("allocations", "unreported"), ("reservation_lines", "shipped"))


def upgrade() -> None:
    for table, name in _COUNTED:
        if name not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "departures",
        *_place_columns(),
        sa.Column("named", sa.Integer(), nullable=False),
        sa.Column("named_epoch", sa.Integer(), nullable=False),
        sa.Column("named_sequence", sa.BigInteger(), nullable=False),
        sa.Column("deltas_before", sa.Integer(), nullable=False),
        sa.Column("deltas_since", sa.Integer(), nullable=False),
        sa.Column("counted_in", sa.Integer(), nullable=False),
        sa.Column("after_cancel", sa.Integer(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "sku", "warehouse"),
        if_not_exists=True,
    )
    if sa.inspect(op.get_bind()).has_table("shipments"):
        for statement in (_REPORTED, _GONE, _NOT_UNREPORTED, _SHIPPED):
            op.execute(statement)
        op.drop_table("shipments")


def downgrade() -> None:
    op.create_table(
        "shipments",
        *_place_columns(),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("after_cancel", sa.Boolean(), nullable=False),
        sa.Column("reported", sa.Boolean(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "sku", "warehouse"),
        sa.Index("shipments_by_shelf", "sku", "warehouse", "reported"),
    )
    op.execute(_BACK)
    op.drop_table("departures")
    for table, name in _COUNTED:
        op.drop_column(table, name)


def _place_columns() -> list[sa.Column[str]]:
    return [
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("warehouse", sa.String(length=40), nullable=False),
    ]
