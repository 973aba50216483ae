"""Chooses the event log by the settings."""

from contextlib import AbstractAsyncContextManager

from mesh.event_log.port import EventLog
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.settings import MeshSettings


def open_event_log(settings: MeshSettings) -> AbstractAsyncContextManager[EventLog]:
    """The event log of this mesh, closed at the end: Kafka by its URL, or else a file below its home."""
    if settings.kafka_url is None:
        return SqliteEventLog.opened(settings.database("event_log"))
    # Here, since kafka-python takes half a second to load, which an embedded mesh has no use for.
    from mesh.event_log.kafka.log import KafkaEventLog  # noqa: PLC0415

    return KafkaEventLog.opened(settings.kafka_url)
