"""Events in: each has its effect within the transaction of the inbox."""

from collections.abc import Callable

from mesh.event_log.inbox.inbox import Effect
from mesh.sql import Session
from mesh.topology import ORDER_EVENTS, USER_EVENTS
from services.kernel.envelope import Envelope
from services.notification.application.intake import Intake
from services.notification.application.ports import Unit
from services.notification.entrypoints.event_reader import read_event

CONSUMER = "notification"
TOPICS = (ORDER_EVENTS, USER_EVENTS)


def intake_effect(intake: Intake, unit_of: Callable[[Session], Unit]) -> Effect:
    """What an event does.

    Args:
        intake: the use case.
        unit_of: the stores of the inbox's session.
    """

    async def effect(session: Session, envelope: Envelope) -> None:
        event = read_event(envelope)
        if event is not None:
            await intake.take(unit_of(session), event, trace=envelope.trace)

    return effect
