"""What order events do to reservations."""

from services.inventory.application.reservations import Reservations
from services.kernel.envelope import Envelope

CONSUMER = "inventory"
"""The consumer group and inbox that these events are counted in."""


async def on_order_event(reservations: Reservations, event: Envelope) -> None:
    """Ship what was shipped and release what was given up; other events change nothing here.

    The order service has released already, unless it died in between.
    """
    match event.type:
        case "OrderShipped":
            await reservations.ship(event.key, actor=event.actor, causation=event.event_id)
        case "OrderRejected" | "OrderCancelled":
            await reservations.release(event.key, actor=event.actor, causation=event.event_id)
        case _:
            return
