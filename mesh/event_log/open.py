"""Chooses the event log by the settings."""

from contextlib import AbstractAsyncContextManager

from mesh.event_log.port import EventLog
from mesh.event_log.sqlite import SqliteEventLog
from mesh.settings import MeshSettings


def open_event_log(settings: MeshSettings) -> AbstractAsyncContextManager[EventLog]:
    """The event log of this mesh, closed at the end: the embedded one, a file below its home."""
    return SqliteEventLog.opened(settings.database("event_log"))
