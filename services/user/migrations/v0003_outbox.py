"""Events that wait to be published."""

from mesh.event_log.migrations_v1 import create_outbox, drop_outbox

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_outbox()


def downgrade() -> None:
    drop_outbox()
