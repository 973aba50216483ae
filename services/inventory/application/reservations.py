"""Reservations: what orders may claim of the stock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from services.inventory.application.departures import store_departure
from services.inventory.application.ports import Group, Ledger, Ledgers
from services.inventory.domain.departure import check_heard, give_back, ship
from services.inventory.domain.errors import ReservationNotFound
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import (
    Offer,
    RequestedLine,
    Reservation,
    ReservationState,
    Shortfall,
    Transition,
    commit,
    expire,
    hold,
    hold_again,
    offers_after,
)
from services.kernel.clock import Clock
from services.kernel.errors import DomainError
from services.kernel.trace import TraceId, untraced


@dataclass(frozen=True, slots=True)
class Shortage:
    """What kept a reservation from being made; nothing is held."""

    shortfalls: tuple[Shortfall, ...]


@dataclass(frozen=True, slots=True)
class _Hold:
    """What an order asks for, and who asks for it."""

    order_id: str
    wanted: tuple[RequestedLine, ...]
    provenance: Provenance

    def needs_stock(self, stored: Reservation | None, now: datetime) -> bool:
        """Whether more is needed to answer it than what is stored."""
        return stored is None or stored.is_overdue(now)


@dataclass(frozen=True, slots=True)
class _Commit:
    """That an order's hold is to last, and who says so."""

    order_id: str
    provenance: Provenance


class Reservations:
    """The use cases of reservations; each is one transaction and may be repeated by order id."""

    def __init__(
        self, *, ledgers: Ledgers, clock: Clock, hold_seconds: float, trace_id: TraceId = untraced
    ) -> None:
        self._ledgers = ledgers
        self._clock = clock
        self._trace_id = trace_id
        self._hold_time = timedelta(seconds=hold_seconds)
        self._decisions: Group[_Hold | _Commit, Reservation | Shortage] = ledgers.grouped(self._decide_all)

    async def reserve(
        self, order_id: str, wanted: Sequence[RequestedLine], *, actor: str
    ) -> Reservation | Shortage:
        """Hold all lines or none; orders that come at the same time are decided in their turn, but together.

        A repeat answers what is stored; a hold that ran out is made anew at its stored prices.

        Raises:
            ReservationReleased: The order's reservation was given back.
            ReservationDiffers: The order has reserved other lines.
            StockContended: Others took the stock at the same time, again and again.
        """
        # Its own trace, also where it is stored together with others.
        provenance = self._provenance(order_id, actor, "")
        return await self._decisions.write(_Hold(order_id, tuple(wanted), provenance))

    async def commit(self, order_id: str, *, actor: str) -> Reservation:
        """Make a hold permanent, together with what others hold and commit at the same time.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
            ReservationExpired: The hold ran out.
            ReservationReleased: It was given back.
            StockContended: Others changed the stock at the same time, again and again.
        """
        committed = await self._decisions.write(_Commit(order_id, self._provenance(order_id, actor, "")))
        assert isinstance(committed, Reservation)
        return committed

    async def release(
        self,
        order_id: str,
        *,
        actor: str,
        causation: str = "",
        shipped: Mapping[str, int] = MappingProxyType({}),
    ) -> Reservation:
        """Give back what is held or committed; an unknown order is marked: a late reserve is refused.

        What has left stays so; what has left beyond the order's own events is reported.

        Args:
            order_id: Which order.
            actor: Who says so.
            causation: The event.
            shipped: Pieces by SKU that the order knows to have left.

        Raises:
            ShipmentNotHeard: Events of shipments are still to come.
        """

        async def work(ledger: Ledger) -> Reservation:
            stored = await ledger.reservation(order_id)
            if stored is None:
                return await self._apply(ledger, _tombstone(order_id), actor, causation)
            check_heard(stored, shipped)
            given_back = give_back(stored, await ledger.wms.reports([order_id]))
            await store_departure(ledger, given_back, self._provenance(order_id, actor, causation))
            return given_back.transition.after

        return await self._ledgers.write(work)

    async def ship(
        self, order_id: str, pieces: Mapping[str, int] | None = None, *, actor: str, causation: str = ""
    ) -> Reservation:
        """Note that pieces of an order have left the warehouses.

        Args:
            order_id: Which order.
            pieces: How many of each SKU; None: all that had not left.
            actor: Who says so.
            causation: The event.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
        """

        async def work(ledger: Ledger) -> Reservation:
            stored = await _stored(ledger, order_id)
            shipped = ship(stored, await ledger.wms.reports([order_id]), pieces)
            await store_departure(ledger, shipped, self._provenance(order_id, actor, causation))
            return shipped.transition.after

        return await self._ledgers.write(work)

    async def expire(self, order_id: str) -> Reservation:
        """Give back a hold that has run out; one that was committed, renewed or released meanwhile stays.

        Raises:
            ReservationNotFound: Nothing was ever held for the order.
        """

        async def work(ledger: Ledger) -> Reservation:
            return await self._apply(ledger, expire(await _stored(ledger, order_id), self._clock()), "system")

        return await self._ledgers.write(work)

    async def _decide_all(
        self, ledger: Ledger, asked: Sequence[_Hold | _Commit]
    ) -> Sequence[Reservation | Shortage | DomainError]:
        now = self._clock()
        stored = dict(await ledger.reservations([each.order_id for each in asked]))
        holds = [each for each in asked if isinstance(each, _Hold)]
        needing = [each for each in holds if each.needs_stock(stored.get(each.order_id), now)]
        skus = {line.sku for each in needing for line in each.wanted}
        offers = await ledger.offers(sorted(skus)) if skus else {}
        answers: list[Reservation | Shortage | DomainError] = []
        changes: list[tuple[Transition, Provenance]] = []
        for each in asked:
            before = stored.get(each.order_id)
            try:
                outcome = (
                    self._hold(each, before, offers, now)
                    if isinstance(each, _Hold)
                    else commit(_existing(before, each.order_id), now)
                )
            except DomainError as refusal:
                answers.append(refusal)
                continue
            if not isinstance(outcome, Transition):
                answers.append(Shortage(outcome))
                continue
            answers.append(outcome.after)
            if outcome.before != outcome.after:
                # Those behind it in the group see what it leaves; what is held already is nobody else's.
                stored[each.order_id] = outcome.after
                if isinstance(each, _Hold):
                    offers = offers_after(offers, outcome.movements)
                changes.append((outcome, each.provenance))
        await ledger.apply_all(changes)
        return answers

    def _hold(
        self, asked: _Hold, stored: Reservation | None, offers: Mapping[str, Offer], now: datetime
    ) -> Transition | tuple[Shortfall, ...]:
        expire_time = now + self._hold_time
        if stored is None:
            return hold(asked.order_id, asked.wanted, offers, expire_time)
        stored.check_repeat(asked.wanted)
        if not stored.is_overdue(now):
            return Transition(stored, stored)
        return hold_again(stored, {sku: offer.stock for sku, offer in offers.items()}, expire_time)

    async def _apply(
        self, ledger: Ledger, transition: Transition, actor: str, causation: str = ""
    ) -> Reservation:
        if transition.before != transition.after:
            await ledger.apply(transition, self._provenance(transition.after.order_id, actor, causation))
        return transition.after

    def _provenance(self, order_id: str, actor: str, causation: str) -> Provenance:
        return Provenance(
            actor,
            self._clock(),
            order_id=order_id,
            causation=causation or order_id,
            trace_id=self._trace_id(),
        )


async def _stored(ledger: Ledger, order_id: str) -> Reservation:
    return _existing(await ledger.reservation(order_id), order_id)


def _existing(stored: Reservation | None, order_id: str) -> Reservation:
    if stored is None:
        raise ReservationNotFound(f"nothing is reserved for order {order_id}")
    return stored


def _tombstone(order_id: str) -> Transition:
    return Transition(None, Reservation(order_id, ReservationState.RELEASED))
