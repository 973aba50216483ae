"""Events that wait to be published, and events that came."""

from mesh.event_log.migrations_v1 import create_inbox, create_outbox, drop_inbox, drop_outbox

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_outbox()
    create_inbox()


def downgrade() -> None:
    drop_inbox()
    drop_outbox()
