"""What order events do to reservations."""

from services.inventory.application.reservations import Reservations
from services.kernel.envelope import Envelope

CONSUMER = "inventory"
"""The consumer group and inbox that these events are counted in."""


async def on_order_event(reservations: Reservations, event: Envelope) -> None:
    """Ship what was shipped and release what was given up; other events change nothing here.

    The order service has released already, unless it died in between.
    """
    effect = _EFFECTS.get(event.type)
    if effect is not None:
        await effect(reservations, event)


async def _ship(reservations: Reservations, event: Envelope) -> None:
    await reservations.ship(event.key, actor=event.actor, causation=event.event_id)


async def _release(reservations: Reservations, event: Envelope) -> None:
    await reservations.release(event.key, actor=event.actor, causation=event.event_id)


_EFFECTS = {"OrderShipped": _ship, "OrderRejected": _release, "OrderCancelled": _release}
EVENTS_WITH_EFFECT = frozenset(_EFFECTS)
