"""Mails that staff sent again, and who did."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    known = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("deliveries")}
    for column in _added():
        if column.name not in known:
            op.add_column("deliveries", column)


def downgrade() -> None:
    for column in reversed(_added()):
        op.drop_column("deliveries", column.name)


def _added() -> "tuple[sa.Column[Any], ...]":
    return (
        sa.Column("copy_of", sa.String(36), nullable=False, server_default=""),
        sa.Column("requested_by", sa.String(100), nullable=False, server_default=""),
    )
