"""A session has an id of its own, by which all that came from it can be ended.

Sessions, codes and access tokens of before end: the cookies of before would name no session. Refresh tokens
stay, each with a session of its own.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID, _CLIENT_ID = sa.String(length=36), sa.String(length=64)
_EMPTY, _ZERO = sa.text("''"), sa.text("0")


def _names_of(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("sid", _ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("use_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("sid"),
        sa.UniqueConstraint("token_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_sessions_expire_time", "sessions", ["expire_time"], if_not_exists=True)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], if_not_exists=True)


def _add(table: str, name: str, kind: sa.types.TypeEngine[Any], default: sa.TextClause) -> None:
    if name not in _names_of(table):
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def upgrade() -> None:
    if "sid" not in _names_of("sessions"):
        op.drop_table("sessions")
    _sessions()
    for table in ("codes", "families", "issued_tokens", "revocations"):
        _add(table, "sid", _ID, _EMPTY)
    _add("families", "use_time", sa.BigInteger(), _ZERO)
    _add("revocations", "client_id", _CLIENT_ID, _EMPTY)
    for table in ("codes", "families", "revocations"):
        op.create_index(f"ix_{table}_sid", table, ["sid"], if_not_exists=True)
    op.execute("DELETE FROM codes WHERE sid = ''")
    op.execute("DELETE FROM issued_tokens WHERE sid = ''")
    op.execute("UPDATE families SET sid = family_id WHERE sid = ''")
    op.execute("UPDATE families SET use_time = auth_time WHERE use_time = 0")
    for name in {"client_id", "auth_time"} & _names_of("issued_tokens"):
        op.drop_column("issued_tokens", name)


def downgrade() -> None:
    for table in ("codes", "families", "revocations"):
        op.drop_index(f"ix_{table}_sid", table, if_exists=True)
    for table in ("codes", "families", "issued_tokens", "revocations"):
        op.drop_column(table, "sid")
    op.drop_column("families", "use_time")
    op.drop_column("revocations", "client_id")
    op.execute("DELETE FROM issued_tokens")
    _add("issued_tokens", "client_id", _CLIENT_ID, _EMPTY)
    _add("issued_tokens", "auth_time", sa.BigInteger(), _ZERO)
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
        if_not_exists=True,
    )
    op.create_index("ix_sessions_expire_time", "sessions", ["expire_time"], if_not_exists=True)
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], if_not_exists=True)
