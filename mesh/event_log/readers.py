"""Which versions of events the services can read: they announce it, and who writes events heeds it.

A new version is written only after everybody who follows the events has announced that they read it, in
whichever order the services are upgraded. What was announced once stays: a service is not set back.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from mesh.event_log.port import EventLog, EventLogUnavailable, Record
from mesh.topology import READER_EVENTS
from services.kernel.clock import Clock
from services.kernel.envelope import Envelope, hash_of
from services.kernel.ids import NewId

RETRY_SECONDS = 1.0

_TYPE = "EventsRead"
_log = structlog.get_logger()


async def announce(
    log: EventLog,
    reader: str,
    latest: Mapping[str, int],
    *,
    clock: Clock,
    new_id: NewId,
    topic: str = READER_EVENTS,
) -> None:
    """Announce which events a service reads, unless it is known; ends once it is.

    Args:
        log: Where.
        reader: The service.
        latest: By type of event the latest version that it reads; it reads those before as well.
        clock: The time now.
        new_id: Makes the event's id.
        topic: Where in the log.
    """
    while True:
        try:
            last, known = await _announced(log, topic, reader)
            if any(known.get(name, 1) < version for name, version in latest.items()):
                body = _announcement(reader, latest, last, clock(), new_id()).body()
                await log.publish(Record(topic, reader, last.version + 1, body, hash_of(body)))
        except EventLogUnavailable as error:
            _log.warning("announcing_waits", reader=reader, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


class ReaderWatch:
    """Follows the announcements until all who are awaited read what is asked for."""

    def __init__(self, log: EventLog, readers: Collection[str], *, topic: str = READER_EVENTS) -> None:
        """Make a watch that knows of no announcement.

        Args:
            log: Where they are.
            readers: The services that follow the events.
            topic: Where in the log.
        """
        self._log = log
        self._topic = topic
        self._latest: dict[str, dict[str, int]] = {reader: {} for reader in readers}

    async def all_read(self, event: tuple[str, int]) -> bool:
        """Whether all of them have announced to read a type of event in a version."""
        name, version = event
        return all(latest.get(name, 1) >= version for latest in self._latest.values())

    async def run(self) -> None:
        """Follow; never returns."""
        while True:
            try:
                async with aclosing(self._log.follow((self._topic,))) as deliveries:
                    async for delivery in deliveries:
                        self._note(Envelope.from_body(delivery.record.body))
            except EventLogUnavailable as error:
                _log.warning("readers_unknown", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def _note(self, event: Envelope) -> None:
        if event.type == _TYPE and event.key in self._latest:
            self._latest[event.key].update(_latest_of(event.payload))


@dataclass(frozen=True, slots=True)
class _Last:
    """Where a service's announcements end."""

    version: int = 0
    hash: str = ""


async def _announced(log: EventLog, topic: str, reader: str) -> tuple[_Last, dict[str, int]]:
    """What a service has announced by now."""
    last, known = _Last(), dict[str, int]()
    async with aclosing(log.replay(topic)) as deliveries:
        async for delivery in deliveries:
            record = delivery.record
            if record.key == reader:
                last = _Last(record.version, record.hash)
                known.update(_latest_of(Envelope.from_body(record.body).payload))
    return last, known


def _announcement(
    reader: str, latest: Mapping[str, int], last: _Last, time: datetime, event_id: str
) -> Envelope:
    return Envelope(
        event_id=event_id,
        type=_TYPE,
        schema_version=1,
        key=reader,
        version=last.version + 1,
        occur_time=time,
        actor="system",
        correlation=event_id,
        causation="start",
        trace="",
        payload={"events": [{"type": name, "version": latest[name]} for name in sorted(latest)]},
        prev_hash=last.hash,
    )


def _latest_of(payload: Mapping[str, Any]) -> dict[str, int]:
    return {each["type"]: each["version"] for each in payload["events"]}
