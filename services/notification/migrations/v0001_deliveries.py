"""Deliveries, preferences, and what is known of orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("notification_id", sa.String(length=36), nullable=False),
        sa.Column("template", sa.String(length=50), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("trace", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("create_time", sa.Double(), nullable=False),
        sa.Column("due_time", sa.Double(), nullable=False),
        sa.Column("send_time", sa.Double(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("notification_id"),
        if_not_exists=True,
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_by_due_time", "deliveries", ["state", "due_time"], if_not_exists=True)
    op.create_index("deliveries_by_user", "deliveries", ["user_id", "position"], if_not_exists=True)
    op.create_table(
        "erased_mails",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        if_not_exists=True,
    )
    op.create_table(
        "erased_users",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        if_not_exists=True,
    )
    op.create_table(
        "order_summaries",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("customer_id", sa.String(length=36), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
        if_not_exists=True,
    )
    op.create_index("ix_order_summaries_customer_id", "order_summaries", ["customer_id"], if_not_exists=True)
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("order_updates", sa.Boolean(), nullable=False),
        sa.Column("shipping_updates", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("preferences", if_exists=True)
    op.drop_table("order_summaries", if_exists=True)
    op.drop_table("erased_users", if_exists=True)
    op.drop_table("erased_mails", if_exists=True)
    op.drop_table("deliveries", if_exists=True)
