"""What order events do to reservations."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.inventory.application.reservations import Reservations
from services.kernel.envelope import Envelope

CONSUMER = "inventory"
"""The consumer group and inbox that these events are counted in."""

EVENTS_READ = {"OrderShipped": 2}
"""The latest versions that are read here, where they are not the first."""


class UnknownVersion(ValueError):
    """An event is of a later version than this code knows: it is parked, never taken for another one."""


async def on_order_event(reservations: Reservations, event: Envelope) -> None:
    """Ship what was shipped and release what was given up; other events change nothing here.

    The order service has released already, unless it died in between.
    """
    effect = _EFFECTS.get(event.type)
    if effect is not None:
        await effect(reservations, event)


async def _ship(reservations: Reservations, event: Envelope) -> None:
    pieces = shipped_pieces(event)
    await reservations.ship(event.key, pieces, actor=event.actor, causation=event.event_id)


async def _release(reservations: Reservations, event: Envelope) -> None:
    await reservations.release(event.key, actor=event.actor, causation=event.event_id)


def shipped_pieces(event: Envelope) -> Mapping[str, int] | None:
    """How many pieces of each SKU an OrderShipped says have left; None: all that had not.

    Raises:
        UnknownVersion: This code does not know how to read it.
    """
    match event.schema_version:
        case 1:
            return None
        case 2:
            return None if event.payload["rest"] else _pieces(event.payload["lines"])
        case _:
            raise UnknownVersion(f"OrderShipped version {event.schema_version} of {event.key} is not known")


def _pieces(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    return {line["sku"]: line["quantity"] for line in lines}


_EFFECTS = {
    "OrderShipped": _ship,
    "OrderRejected": _release,
    "OrderCancelled": _release,
    "OrderRemainderCancelled": _release,
}
EVENTS_WITH_EFFECT = frozenset(_EFFECTS)
