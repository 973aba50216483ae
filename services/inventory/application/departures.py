"""Stores what follows from pieces that have left."""

from services.inventory.application.ports import Ledger
from services.inventory.application.shortages import report_shortage
from services.inventory.domain.departure import Departure
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import ReservationState

_GIVEN_AWAY = (ReservationState.RELEASED, ReservationState.EXPIRED)


async def store_departure(ledger: Ledger, departure: Departure, provenance: Provenance) -> None:
    """Store the reservation, what was said of it and what moves; publish what others have to know."""
    transition = departure.transition
    if transition.before != transition.after:
        await ledger.apply(transition, provenance)
    elif transition.movements:
        await ledger.move(transition.movements, provenance)
    await ledger.wms.store_reports(departure.reports, provenance)
    for event in departure.events:
        await ledger.publish(event, provenance)
    if transition.before is not None and transition.before.state in _GIVEN_AWAY:
        # What it takes now was given away: others may lack it.
        for sku, warehouse in sorted({(each.sku, each.warehouse) for each in transition.movements}):
            await report_shortage(ledger, sku, warehouse, provenance)
