"""Accounts whose password was chosen before their address was proved lose it; attempts replace budgets."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LINK_LIFETIME = timedelta(days=1)


def upgrade() -> None:
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("accounts")}
    if "expire_time" not in columns:
        op.add_column("accounts", sa.Column("expire_time", sa.BigInteger(), nullable=True))
    op.create_index("ix_accounts_expire_time", "accounts", ["expire_time"], if_not_exists=True)
    _forget_what_was_chosen_too_early()
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=150), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index("ix_attempts_expire_time", "attempts", ["expire_time"], if_not_exists=True)
    op.create_index("attempts_by_key", "attempts", ["key", "time"], if_not_exists=True)
    op.drop_table("budgets", if_exists=True)


def _forget_what_was_chosen_too_early() -> None:
    accounts = sa.table(
        "accounts",
        sa.column("email_verified", sa.Boolean),
        sa.column("password_hash", sa.String),
        sa.column("display_name", sa.String),
        sa.column("expire_time", sa.BigInteger),
    )
    expire_time = datetime.now(UTC) + _LINK_LIFETIME
    unproved = sa.not_(accounts.c.email_verified) & accounts.c.expire_time.is_(None)
    op.execute(
        accounts.update()
        .where(unproved)
        .values(password_hash="", display_name="", expire_time=int(expire_time.timestamp() * 1_000_000))
    )


def downgrade() -> None:
    op.drop_table("attempts", if_exists=True)
    op.create_table(
        "budgets",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("arrival", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_budgets_arrival", "budgets", ["arrival"], if_not_exists=True)
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("accounts")}
    if "expire_time" in columns:
        op.drop_index("ix_accounts_expire_time", "accounts", if_exists=True)
        op.drop_column("accounts", "expire_time")
