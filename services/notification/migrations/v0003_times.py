"""Times as microseconds, as in every service; they were seconds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TIMES = ("create_time", "due_time", "send_time")
# Between the two readings: the year 5138 in seconds, the second of January 1970 in microseconds.
_SECONDS_END = 100_000_000_000


def upgrade() -> None:
    for name in _TIMES:
        op.execute(f"UPDATE deliveries SET {name} = ROUND({name} * 1000000) WHERE {name} < {_SECONDS_END}")  # noqa: S608
    _retype(sa.BigInteger(), was=sa.Double())


def downgrade() -> None:
    _retype(sa.Double(), was=sa.BigInteger())
    for name in _TIMES:
        op.execute(f"UPDATE deliveries SET {name} = {name} / 1000000 WHERE {name} >= {_SECONDS_END}")  # noqa: S608


def _retype(new: sa.types.TypeEngine[Any], *, was: sa.types.TypeEngine[Any]) -> None:
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as table:
        for name in _TIMES:
            table.alter_column(name, type_=new, existing_type=was, existing_nullable=name == "send_time")
