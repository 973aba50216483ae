"""What is claimed, and whether anything is not, is found however many mails were ever sent."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("deliveries_by_claim", "deliveries", ["holder", "state"], if_not_exists=True)
    op.drop_index("deliveries_by_holder", "deliveries", if_exists=True)


def downgrade() -> None:
    op.create_index("deliveries_by_holder", "deliveries", ["holder"], if_not_exists=True)
    op.drop_index("deliveries_by_claim", "deliveries", if_exists=True)
