"""The tables of inventory, with those of its events."""

from pathlib import Path

from mesh.event_log.inbox.inbox import INBOX_TABLES
from mesh.event_log.outbox.outbox import OUTBOX_TABLES
from mesh.sql.migrations import Schema
from services.inventory.adapters.tables import metadata

SCHEMA = Schema(
    folder=Path(__file__).parents[1] / "migrations",
    metadatas=(metadata, *OUTBOX_TABLES, *INBOX_TABLES),
)
