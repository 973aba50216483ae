"""Events that came."""

from mesh.event_log.migrations_v1 import create_inbox, drop_inbox

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_inbox()


def downgrade() -> None:
    drop_inbox()
