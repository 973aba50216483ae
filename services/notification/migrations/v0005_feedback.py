"""What providers answered, reported and take, and who gets no mails."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INDEXES = {
    "deliveries_by_order": ["order_id", "state", "due_time"],
    "deliveries_by_provider_message": ["provider_message_id"],
    "deliveries_by_holder": ["holder"],
}


def upgrade() -> None:
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("deliveries")}
    for column in _added():
        if column.name not in known:
            op.add_column("deliveries", column)
    for name, columns in _INDEXES.items():
        op.create_index(name, "deliveries", columns, if_not_exists=True)
    op.create_table(
        "sending_budgets",
        sa.Column("provider", sa.String(300), nullable=False),
        sa.Column("rate_per_second", sa.Double(), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("learn_time", sa.BigInteger(), nullable=True),
        sa.Column("full_time", sa.BigInteger(), nullable=True),
        sa.Column("slow_downs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
        if_not_exists=True,
    )
    op.create_table(
        "suppressions",
        sa.Column("position", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("notification_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("address_hash"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_table(
        "hook_messages",
        sa.Column("message_id", sa.String(100), nullable=False),
        sa.Column("receive_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        if_not_exists=True,
    )
    op.create_index("ix_hook_messages_receive_time", "hook_messages", ["receive_time"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("hook_messages")
    op.drop_table("suppressions")
    op.drop_table("sending_budgets")
    for name in _INDEXES:
        op.drop_index(name, "deliveries")
    for column in reversed(_added()):
        op.drop_column("deliveries", column.name)


def _added() -> "tuple[sa.Column[Any], ...]":
    return (
        sa.Column("answer", sa.String(20), nullable=False, server_default="UNSPECIFIED"),
        sa.Column("answer_code", sa.String(100), nullable=False, server_default=""),
        sa.Column("feedback", sa.String(20), nullable=False, server_default="UNSPECIFIED"),
        sa.Column("feedback_detail", sa.String(100), nullable=False, server_default=""),
        sa.Column("feedback_time", sa.BigInteger(), nullable=True),
        sa.Column("handed_to", sa.String(300), nullable=False, server_default=""),
    )
