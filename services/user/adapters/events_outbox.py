"""Events of accounts, written to the outbox in the transaction of the change."""

from dataclasses import asdict
from enum import Enum
from typing import Any

from mesh import sql
from mesh.event_log.outbox.outbox import NewEvent, enqueue
from mesh.server.telemetry import current_traceparent
from mesh.topology import USER_EVENTS
from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.kernel.names import json_name
from services.user.domain.events import Event


class OutboxEventStream:
    """The events of one transaction."""

    def __init__(self, session: sql.Session, *, clock: Clock, new_id: NewId) -> None:
        self._session = session
        self._clock = clock
        self._new_id = new_id

    async def publish(self, event: Event, *, actor: str) -> None:
        trace, command_id = current_traceparent(), self._new_id()
        new = NewEvent(
            type=type(event).__name__,
            key=event.user_id,
            payload=_payload(event),
            actor=actor,
            correlation=trace or command_id,
            causation=command_id,
            trace=trace,
        )
        await enqueue(self._session, USER_EVENTS, new, clock=self._clock, new_id=self._new_id)


def _payload(event: Event) -> dict[str, Any]:
    """The fields by their JSON names."""
    return {json_name(name): _plain(value) for name, value in asdict(event).items()}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
