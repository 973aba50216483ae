"""Sessions, codes, refresh tokens and revocations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("family_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("scopes", sa.String(length=1000), nullable=False),
        sa.Column("nonce", sa.String(length=500), nullable=False),
        sa.Column("code_challenge", sa.String(length=128), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.Column("used_time", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_codes_expire_time", "codes", ["expire_time"], if_not_exists=True)
    op.create_index("ix_codes_user_id", "codes", ["user_id"], if_not_exists=True)
    op.create_table(
        "families",
        sa.Column("family_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("scopes", sa.String(length=1000), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("family_id"),
        if_not_exists=True,
    )
    op.create_index("ix_families_expire_time", "families", ["expire_time"], if_not_exists=True)
    op.create_index("ix_families_user_id", "families", ["user_id"], if_not_exists=True)
    op.create_table(
        "issued_tokens",
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("family_id", sa.String(length=36), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id"),
        if_not_exists=True,
    )
    op.create_index("ix_issued_tokens_expire_time", "issued_tokens", ["expire_time"], if_not_exists=True)
    op.create_index("ix_issued_tokens_family_id", "issued_tokens", ["family_id"], if_not_exists=True)
    op.create_index("ix_issued_tokens_user_id", "issued_tokens", ["user_id"], if_not_exists=True)
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("family_id", sa.String(length=36), nullable=False),
        sa.Column("used_time", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"], if_not_exists=True)
    op.create_table(
        "revocations",
        sa.Column("cursor", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("revoke_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cursor"),
        if_not_exists=True,
        sqlite_autoincrement=True,
    )
    op.create_index("ix_revocations_expire_time", "revocations", ["expire_time"], if_not_exists=True)
    op.create_index("ix_revocations_subject", "revocations", ["subject"], if_not_exists=True)
    op.create_index("ix_revocations_token_id", "revocations", ["token_id"], if_not_exists=True)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_sessions_expire_time", "sessions", ["expire_time"], if_not_exists=True)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("sessions", if_exists=True)
    op.drop_table("revocations", if_exists=True)
    op.drop_table("refresh_tokens", if_exists=True)
    op.drop_table("issued_tokens", if_exists=True)
    op.drop_table("families", if_exists=True)
    op.drop_table("codes", if_exists=True)
