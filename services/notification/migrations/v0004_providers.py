"""Who took a mail, why it is not sent, and the states of providers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("deliveries")}
    for column in _added():
        if column.name not in known:
            op.add_column("deliveries", column)
    op.create_table(
        "providers",
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("check_time", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("providers")
    for column in reversed(_added()):
        op.drop_column("deliveries", column.name)


def _added() -> "tuple[sa.Column[Any], ...]":
    return (
        sa.Column("provider", sa.String(300), nullable=False, server_default=""),
        sa.Column("provider_message_id", sa.String(200), nullable=False, server_default=""),
        sa.Column("reason", sa.String(500), nullable=False, server_default=""),
        sa.Column("wait_time", sa.BigInteger(), nullable=True),
        sa.Column("retry_time", sa.BigInteger(), nullable=True),
        sa.Column("lost_answers", sa.Integer(), nullable=False, server_default="0"),
    )
