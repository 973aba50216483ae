"""Reservations: what orders may claim of the stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.inventory.application.ports import Ledger, Ledgers
from services.inventory.application.shortages import tell_shortage
from services.inventory.domain.errors import ReservationNotFound
from services.inventory.domain.events import ShipmentReported
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import (
    Reservation,
    ReservationState,
    Shipment,
    Shortfall,
    Transition,
    Wanted,
    commit,
    expire,
    hold,
    hold_again,
    release,
    ship,
)
from services.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Shortage:
    """What kept a reservation from being made; nothing is held."""

    shortfalls: tuple[Shortfall, ...]


class Reservations:
    """The use cases of reservations; each is one transaction and may be repeated by order id."""

    def __init__(self, *, ledgers: Ledgers, clock: Clock, hold_seconds: float) -> None:
        self._ledgers = ledgers
        self._clock = clock
        self._hold_time = timedelta(seconds=hold_seconds)

    async def reserve(self, order_id: str, wanted: Sequence[Wanted], *, actor: str) -> Reservation | Shortage:
        """Hold all lines or none.

        A repeat answers what is stored; a hold that ran out is made anew at its stored prices.

        Raises:
            ReservationReleased: The order's reservation was given back.
            ReservationDiffers: The order has reserved other lines.
            StockContended: Others took the stock at the same time, again and again.
        """

        async def work(ledger: Ledger) -> Reservation | Shortage:
            stored = await ledger.reservation(order_id)
            outcome = await self._hold(ledger, order_id, wanted, stored)
            if not isinstance(outcome, Transition):
                return Shortage(outcome)
            return await self._apply(ledger, outcome, actor)

        return await self._ledgers.write(work)

    async def commit(self, order_id: str, *, actor: str) -> Reservation:
        """Make a hold permanent.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
            ReservationExpired: The hold ran out.
            ReservationReleased: It was given back.
        """

        async def work(ledger: Ledger) -> Reservation:
            return await self._apply(ledger, commit(await _stored(ledger, order_id), self._clock()), actor)

        return await self._ledgers.write(work)

    async def release(self, order_id: str, *, actor: str, causation: str = "") -> Reservation:
        """Give back what is held or committed; an unknown order is marked: a late reserve is refused.

        What has left stays so, and is told of as shipped after the cancellation.
        """

        async def work(ledger: Ledger) -> Reservation:
            stored = await ledger.reservation(order_id)
            transition = release(stored) if stored else _tombstone(order_id)
            released = await self._apply(ledger, transition, actor, causation)
            if released.has_left:
                left = await ledger.wms.mark_after_cancel(order_id)
                await _report(ledger, left, self._provenance(order_id, actor, causation))
            return released

        return await self._ledgers.write(work)

    async def ship(self, order_id: str, *, actor: str, causation: str = "") -> Reservation:
        """Note that an order has left the warehouses.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
        """

        async def work(ledger: Ledger) -> Reservation:
            transition = ship(await _stored(ledger, order_id))
            shipped = await self._apply(ledger, transition, actor, causation)
            await _report(ledger, transition.shipments, self._provenance(order_id, actor, causation))
            return shipped

        return await self._ledgers.write(work)

    async def expire(self, order_id: str) -> Reservation:
        """Give back a hold that has run out; one that was committed, renewed or released meanwhile stays.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
        """

        async def work(ledger: Ledger) -> Reservation:
            return await self._apply(ledger, expire(await _stored(ledger, order_id), self._clock()), "system")

        return await self._ledgers.write(work)

    async def _hold(
        self, ledger: Ledger, order_id: str, wanted: Sequence[Wanted], stored: Reservation | None
    ) -> Transition | tuple[Shortfall, ...]:
        now = self._clock()
        if stored is not None:
            stored.check_repeat(wanted)
            if not stored.is_overdue(now):
                return Transition(stored, stored)
        offers = await ledger.offers([line.sku for line in wanted])
        if stored is None:
            return hold(order_id, wanted, offers, now + self._hold_time)
        return hold_again(stored, {sku: offer.stock for sku, offer in offers.items()}, now + self._hold_time)

    async def _apply(
        self, ledger: Ledger, transition: Transition, actor: str, causation: str = ""
    ) -> Reservation:
        if transition.before != transition.after:
            await ledger.apply(transition, self._provenance(transition.after.order_id, actor, causation))
        return transition.after

    def _provenance(self, order_id: str, actor: str, causation: str) -> Provenance:
        return Provenance(actor, self._clock(), order_id=order_id, causation=causation or order_id)


async def _stored(ledger: Ledger, order_id: str) -> Reservation:
    stored = await ledger.reservation(order_id)
    if stored is None:
        raise ReservationNotFound(f"nothing is reserved for order {order_id}")
    return stored


def _tombstone(order_id: str) -> Transition:
    return Transition(None, Reservation(order_id, ReservationState.RELEASED))


async def _report(ledger: Ledger, shipments: Sequence[Shipment], provenance: Provenance) -> None:
    """Tell of pieces that left for an order that was given up, and of claims that are uncovered now."""
    for left in shipments:
        if left.after_cancel:
            await ledger.publish(
                ShipmentReported(left.sku, left.warehouse, left.order_id, left.quantity, after_cancel=True),
                provenance,
            )
            await tell_shortage(ledger, left.sku, left.warehouse, provenance)
