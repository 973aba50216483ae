"""When each delta since a count was said: a count that comes late covers those before it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TABLE, _NAME = "departures", "deltas_since_at"


def upgrade() -> None:
    if _NAME not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}:
        op.add_column(_TABLE, sa.Column(_NAME, sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column(_TABLE, _NAME)
