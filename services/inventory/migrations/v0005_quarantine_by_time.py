"""The latest of the updates that were set aside are found without a look at all of them."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("wms_quarantine_by_time", "wms_quarantine", ["time"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index("wms_quarantine_by_time", "wms_quarantine", if_exists=True)
