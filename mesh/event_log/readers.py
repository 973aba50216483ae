"""Which versions of events the services can read: they announce it, and who writes events heeds it.

A new version is written only after everybody who follows the events has announced that they read it, in
whichever order the services are upgraded. What was announced once stays: a service is not set back.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import aclosing
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
    log: EventLog, reader: str, latest: Mapping[str, int], *, clock: Clock, new_id: NewId
) -> None:
    """Announce which events a service reads, unless it is known; ends once it is.

    Args:
        log: Where.
        reader: The service.
        latest: By type of event the latest version that it reads; it reads those before as well.
        clock: The time now.
        new_id: Makes the event's id.
    """
    while True:
        try:
            await _announced(log, reader, latest, clock=clock, new_id=new_id)
        except EventLogUnavailable as error:
            _log.warning("announcing_waits", reader=reader, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


class ReaderWatch:
    """Follows the announcements until all who are awaited read what is asked for."""

    def __init__(self, log: EventLog, readers: Collection[str]) -> None:
        """Make a watch that knows of no announcement.

        Args:
            log: Where they are.
            readers: The services that follow the events.
        """
        self._log = log
        self._latest: dict[str, dict[str, int]] = {reader: {} for reader in readers}

    async def all_read(self, event: tuple[str, int]) -> bool:
        """Whether all of them have announced to read a type of event in a version."""
        name, version = event
        return all(latest.get(name, 1) >= version for latest in self._latest.values())

    async def run(self) -> None:
        """Follow; never returns."""
        while True:
            try:
                async with aclosing(self._log.follow((READER_EVENTS,))) as deliveries:
                    async for delivery in deliveries:
                        self._note(Envelope.from_body(delivery.record.body))
            except EventLogUnavailable as error:
                _log.warning("readers_unknown", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def _note(self, event: Envelope) -> None:
        if event.type == _TYPE and event.key in self._latest:
            self._latest[event.key].update(_latest_of(event.payload))


async def _announced(
    log: EventLog, reader: str, latest: Mapping[str, int], *, clock: Clock, new_id: NewId
) -> None:
    last, known = "", dict[str, int]()
    version = 0
    async with aclosing(log.replay(READER_EVENTS)) as deliveries:
        async for delivery in deliveries:
            if delivery.record.key == reader:
                last, version = delivery.record.hash, delivery.record.version
                known.update(_latest_of(Envelope.from_body(delivery.record.body).payload))
    if all(known.get(name, 1) >= wanted for name, wanted in latest.items()):
        return
    event_id = new_id()
    body = Envelope(
        event_id=event_id,
        type=_TYPE,
        schema_version=1,
        key=reader,
        version=version + 1,
        occur_time=clock(),
        actor="system",
        correlation=event_id,
        causation="start",
        trace="",
        payload={"events": [{"type": name, "version": latest[name]} for name in sorted(latest)]},
        prev_hash=last,
    ).body()
    await log.publish(Record(READER_EVENTS, reader, version + 1, body, hash_of(body)))


def _latest_of(payload: Mapping[str, Any]) -> dict[str, int]:
    return {each["type"]: each["version"] for each in payload["events"]}
