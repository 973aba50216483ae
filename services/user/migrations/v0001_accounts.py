"""Accounts, their addresses and links."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.String(length=1000), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("email"),
        if_not_exists=True,
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=300), nullable=False),
        sa.Column("occur_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index("ix_activities_user_id", "activities", ["user_id"], if_not_exists=True)
    op.create_table(
        "addresses",
        sa.Column("address_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("recipient", sa.String(length=100), nullable=False),
        sa.Column("line1", sa.String(length=100), nullable=False),
        sa.Column("line2", sa.String(length=100), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address_id"),
        if_not_exists=True,
    )
    op.create_index("addresses_of_user", "addresses", ["user_id", "address_id"], if_not_exists=True)
    op.create_table(
        "budgets",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("arrival", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_budgets_arrival", "budgets", ["arrival"], if_not_exists=True)
    op.create_table(
        "erased_accounts",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("erase_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        if_not_exists=True,
    )
    op.create_table(
        "links",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "purpose"),
        sa.UniqueConstraint("token_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_links_expire_time", "links", ["expire_time"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("links", if_exists=True)
    op.drop_table("erased_accounts", if_exists=True)
    op.drop_table("budgets", if_exists=True)
    op.drop_table("addresses", if_exists=True)
    op.drop_table("activities", if_exists=True)
    op.drop_table("accounts", if_exists=True)
