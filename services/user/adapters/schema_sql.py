"""The tables of the user service, with those of its events."""

from pathlib import Path

from mesh.event_log.outbox.outbox import OUTBOX_TABLES
from mesh.sql.migrations import Schema
from services.user.adapters.tables import metadata

SCHEMA = Schema(
    folder=Path(__file__).parents[1] / "migrations",
    metadatas=(metadata, *OUTBOX_TABLES),
)
