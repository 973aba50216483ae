"""What happens to an account is logged with who, from where, and for 90 days; accounts can be disabled."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_EMPTY, _ZERO = sa.text("''"), sa.text("0")
_KEPT_MICROSECONDS = timedelta(days=90) // timedelta(microseconds=1)
_TEXTS = {"actor": 50, "address": 50, "device": 100, "detail": 1000}


def _add(table: str, name: str, kind: sa.types.TypeEngine[Any], default: sa.TextClause) -> None:
    if name not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def upgrade() -> None:
    _add("accounts", "disabled", sa.Boolean(), _ZERO)
    _add("accounts", "pending_email", sa.String(length=254), _EMPTY)
    for name, length in _TEXTS.items():
        _add("activities", name, sa.String(length=length), _EMPTY)
    _add("activities", "expire_time", sa.BigInteger(), _ZERO)
    op.create_index("ix_activities_expire_time", "activities", ["expire_time"], if_not_exists=True)
    # "scopes_granted audit by staff:…" was one text.
    op.execute(
        "UPDATE activities SET detail = substr(kind, instr(kind, ' ') + 1),"
        " kind = substr(kind, 1, instr(kind, ' ') - 1) WHERE instr(kind, ' ') > 0"
    )
    op.execute(
        f"UPDATE activities SET kind = upper(kind), expire_time = occur_time + {_KEPT_MICROSECONDS}"  # noqa: S608
        " WHERE expire_time = 0"
    )
    op.create_table(
        "kept_contacts",
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=35), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
        if_not_exists=True,
    )
    op.create_index("ix_kept_contacts_expire_time", "kept_contacts", ["expire_time"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("kept_contacts", if_exists=True)
    op.execute("UPDATE activities SET kind = lower(kind)")
    op.drop_index("ix_activities_expire_time", "activities", if_exists=True)
    for name in (*_TEXTS, "expire_time"):
        op.drop_column("activities", name)
    op.drop_column("accounts", "pending_email")
    op.drop_column("accounts", "disabled")
