"""Feeds of warehouses have epochs; what is there is of the first."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_FIRST = "1"


def _epoch() -> sa.Column[int]:
    return sa.Column("epoch", sa.Integer(), nullable=False, server_default=_FIRST)


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse"),
        if_not_exists=True,
    )
    op.create_table(
        "feed_starts",
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse", "request_id"),
        if_not_exists=True,
    )
    for table in ("stock", "wms_updates", "wms_quarantine"):
        if "epoch" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
            op.add_column(table, _epoch())
    if "refusals" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("stock")}:
        op.add_column("stock", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("stock_by_refusals", "stock", ["refusals"], if_not_exists=True)
    op.create_index("stock_by_epoch", "stock", ["warehouse", "epoch"], if_not_exists=True)
    op.drop_index("stock_by_warehouse", "stock", if_exists=True)
    _change_key(_updates("sku", "warehouse", "epoch", "sequence"))
    _change_key(_quarantine("sku", "warehouse", "epoch", "sequence", "digest"))


def downgrade() -> None:
    # What a later epoch said has no place under the keys of before.
    op.execute("DELETE FROM wms_updates WHERE epoch > 1")
    op.execute("DELETE FROM wms_quarantine WHERE epoch > 1")
    _change_key(_updates("sku", "warehouse", "sequence"))
    _change_key(_quarantine("sku", "warehouse", "sequence", "digest"))
    # MariaDB holds a foreign key by it.
    op.create_index("stock_by_warehouse", "stock", ["warehouse"], if_not_exists=True)
    op.drop_index("stock_by_epoch", "stock", if_exists=True)
    op.drop_index("stock_by_refusals", "stock", if_exists=True)
    op.drop_column("stock", "refusals")
    for table in ("wms_updates", "wms_quarantine", "stock"):
        op.drop_column(table, "epoch")
    op.drop_table("feed_starts", if_exists=True)
    op.drop_table("feeds", if_exists=True)


def _updates(*key: str) -> sa.Table:
    return sa.Table(
        "wms_updates",
        sa.MetaData(),
        *_place_columns(),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        *_origin_columns(),
        sa.PrimaryKeyConstraint(*key),
    )


def _quarantine(*key: str) -> sa.Table:
    return sa.Table(
        "wms_quarantine",
        sa.MetaData(),
        *_place_columns(),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        *_origin_columns(),
        sa.PrimaryKeyConstraint(*key),
        sa.Index("wms_quarantine_by_time", "time"),
    )


def _place_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("warehouse", sa.String(length=40), nullable=False),
        _epoch(),  # type: ignore[list-item]
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
    ]


def _origin_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("observe_time", sa.BigInteger(), nullable=True),
        sa.Column("time", sa.BigInteger(), nullable=False),
    ]


def _change_key(table: sa.Table) -> None:
    key = [column.name for column in table.primary_key]
    if sa.inspect(op.get_bind()).get_pk_constraint(table.name)["constrained_columns"] == key:
        return
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"ALTER TABLE {table.name} DROP PRIMARY KEY, ADD PRIMARY KEY ({', '.join(key)})")
        return
    with op.batch_alter_table(table.name, recreate="always", copy_from=table):
        pass
