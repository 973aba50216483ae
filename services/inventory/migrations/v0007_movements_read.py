"""Movements are found by SKU and order in the order of time, and say in which trace they happened."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BY_SKU = ("movements_by_sku", ["sku", "time", "id"])
_BY_ORDER = ("movements_by_order", ["order_id", "sku", "time", "id"])
_BY_SHELF = ("movements_by_shelf", ["sku", "warehouse", "id"])


def upgrade() -> None:
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("movements")}
    if "trace_id" not in columns:
        op.add_column(
            "movements", sa.Column("trace_id", sa.String(length=32), nullable=False, server_default="")
        )
    for name, indexed in (_BY_SKU, _BY_ORDER):
        op.create_index(name, "movements", indexed, if_not_exists=True)
    op.drop_index(_BY_SHELF[0], "movements", if_exists=True)


def downgrade() -> None:
    op.create_index(_BY_SHELF[0], "movements", _BY_SHELF[1], if_not_exists=True)
    for name, _ in (_BY_SKU, _BY_ORDER):
        op.drop_index(name, "movements", if_exists=True)
    op.drop_column("movements", "trace_id")
