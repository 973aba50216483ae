"""Reservations, shipments and adjustments."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "adjustments",
        sa.Column("caller", sa.String(length=100), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "request_id"),
        if_not_exists=True,
    )
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
        if_not_exists=True,
    )
    op.create_index(
        "holds_by_expiry",
        "reservations",
        ["expire_time"],
        if_not_exists=True,
        sqlite_where=sa.text("state = 'HELD'"),
    )
    op.create_table(
        "shipments",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("after_cancel", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "sku", "warehouse"),
        if_not_exists=True,
    )
    op.create_index("shipments_by_shelf", "shipments", ["sku", "warehouse", "told"], if_not_exists=True)
    op.create_table(
        "allocations",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="allocation_positive"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["reservations.order_id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "sku", "warehouse"),
        if_not_exists=True,
    )
    op.create_index("allocations_by_shelf", "allocations", ["sku", "warehouse"], if_not_exists=True)
    op.create_table(
        "reservation_lines",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("currency_code", sa.String(length=3), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("nanos", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["reservations.order_id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "sku"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("reservation_lines", if_exists=True)
    op.drop_table("allocations", if_exists=True)
    op.drop_table("shipments", if_exists=True)
    op.drop_table("reservations", if_exists=True)
    op.drop_table("adjustments", if_exists=True)
