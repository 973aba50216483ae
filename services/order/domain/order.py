"""An order: its events fold into what it is, and its commands say what happens next.

PENDING → CONFIRMED → PARTIALLY_SHIPPED → SHIPPED → DELIVERED; PENDING → REJECTED; PENDING or CONFIRMED →
CANCELLED. What is open of a part-shipped order can be cancelled: it is SHIPPED then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import assert_never
from uuid import UUID, uuid5

from services.kernel.money import Money, total
from services.order.domain.errors import (
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsRejected,
    OrderNotConfirmed,
    OrderNotShipped,
)
from services.order.domain.events import (
    CancelReason,
    LinePieces,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    PlacedLine,
)
from services.order.domain.pricing import order_total
from services.order.domain.shipping import (
    LineProgress,
    Parcel,
    Shipment,
    is_recorded,
    pieces_of,
    require_named,
    require_open,
    with_parcel,
)

# Fixed for ever: another namespace would give every repeated request a second order.
_ORDER_NAMESPACE = UUID("6a8f3a52-5c1f-5f0e-9d0b-0d8f2f3c7b11")


class OrderState(Enum):
    """Where an order stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"

    @property
    def is_final(self) -> bool:
        """Nothing can happen to the order any more."""
        return self in (OrderState.REJECTED, OrderState.CANCELLED, OrderState.DELIVERED)


def order_id_of(customer_id: str, request_id: str) -> str:
    """The id of the order that a customer places under a request id."""
    return str(uuid5(_ORDER_NAMESPACE, f"{customer_id}:{request_id}"))


@dataclass(frozen=True, slots=True)
class Order:
    """An order as its events made it.

    Attributes:
        placed: What was ordered, as the first event says it.
        placed_event_id: The first event's id; the sealed address is bound to it.
        unit_prices: By line, in their order; empty until CONFIRMED.
        version: The number of events so far.
        shipments: Those that have left, the first in front.
        remainder_cancelled: What was taken back after something had been shipped.
    """

    order_id: str
    state: OrderState
    placed: OrderPlaced
    placed_event_id: str
    place_time: datetime
    update_time: datetime
    version: int
    unit_prices: tuple[Money, ...] = ()
    total: Money | None = None
    rejection: OrderRejected | None = None
    cancel_reason: CancelReason | None = None
    shipments: tuple[Shipment, ...] = ()
    remainder_cancelled: tuple[LinePieces, ...] = ()

    @property
    def customer_id(self) -> str:
        return self.placed.customer_id

    @property
    def lines(self) -> tuple[PlacedLine, ...]:
        return self.placed.lines

    @property
    def is_pending(self) -> bool:
        return self.state is OrderState.PENDING

    @property
    def gives_stock_back(self) -> bool:
        """Whether stock that is kept for it is to be released."""
        return self.state in (OrderState.REJECTED, OrderState.CANCELLED) or bool(self.remainder_cancelled)

    @property
    def progress(self) -> tuple[LineProgress, ...]:
        """Where each line stands; of an order that was given up whole all is cancelled."""
        shipped = pieces_of(line for shipment in self.shipments for line in shipment.lines)
        if self.state in (OrderState.REJECTED, OrderState.CANCELLED):
            return tuple(LineProgress(line, 0, line.quantity) for line in self.lines)
        cancelled = pieces_of(self.remainder_cancelled)
        return tuple(LineProgress(line, shipped[line.sku], cancelled[line.sku]) for line in self.lines)

    @property
    def open_lines(self) -> tuple[LinePieces, ...]:
        """What is still to be shipped."""
        return tuple(LinePieces(each.line.sku, each.open) for each in self.progress if each.open)

    @property
    def cancelled_total(self) -> Money | None:
        """What the cancelled pieces would have cost; None where nothing is cancelled or has a price."""
        lines = zip(self.unit_prices, self.progress, strict=False)
        cancelled = [price.times(each.cancelled) for price, each in lines if each.cancelled]
        return total(cancelled) if cancelled else None

    def confirm(self, unit_prices: Sequence[Money]) -> OrderConfirmed:
        """The stock is kept at these prices. Only a PENDING order is ever confirmed: see `is_pending`."""
        return OrderConfirmed(tuple(unit_prices), order_total(self.lines, unit_prices))

    def cancel(self, reason: CancelReason) -> tuple[OrderEvent, ...]:
        """Take back what is open of the order; a cancelled one stays as it is.

        Raises:
            OrderAlreadyShipped: All of it has left the warehouse.
            OrderIsRejected: It was never going to be delivered.
        """
        if self.remainder_cancelled:
            return ()
        match self.state:
            case OrderState.PENDING | OrderState.CONFIRMED:
                return (OrderCancelled(reason),)
            case OrderState.PARTIALLY_SHIPPED:
                return (OrderRemainderCancelled(reason, self.open_lines),)
            case OrderState.CANCELLED:
                return ()
            case OrderState.REJECTED:
                raise OrderIsRejected(self._is("cannot be cancelled"), metadata=self._metadata())
            case OrderState.SHIPPED | OrderState.DELIVERED:
                raise OrderAlreadyShipped(self._is("cannot be cancelled"), metadata=self._metadata())
            case _:
                assert_never(self.state)

    def ship(self, parcel: Parcel) -> tuple[OrderEvent, ...]:
        """Record that a parcel has left the warehouse; repeating it changes nothing.

        Raises:
            InvalidShipment: It has lines and no id.
            ShipmentIdReused: Another parcel has its id.
            ShipmentExceedsOpen: It has more pieces than are open.
            OrderNotConfirmed: The order is still PENDING.
            OrderIsCancelled: It was taken back.
            OrderIsRejected: It was never going to be delivered.
        """
        require_named(parcel)
        match self.state:
            case (
                OrderState.CONFIRMED
                | OrderState.PARTIALLY_SHIPPED
                | OrderState.SHIPPED
                | OrderState.DELIVERED
            ):
                return self._shipped(parcel)
            case OrderState.PENDING:
                raise OrderNotConfirmed(self._is("cannot be shipped"), metadata=self._metadata())
            case OrderState.CANCELLED:
                raise OrderIsCancelled(self._is("cannot be shipped"), metadata=self._metadata())
            case OrderState.REJECTED:
                raise OrderIsRejected(self._is("cannot be shipped"), metadata=self._metadata())
            case _:
                assert_never(self.state)

    def ship_the_rest(self) -> tuple[OrderEvent, ...]:
        """`ship` for all that is open, in the event's first version, which everybody can read."""
        return (OrderShipped(rest=True),) if self.ship(Parcel()) else ()

    def depart(self, line: LinePieces, shipment_id: str) -> OrderShipped | None:
        """Record what a warehouse has reported.

        Args:
            line: A SKU and all pieces of it that have left by now.
            shipment_id: With which parcel they left.

        Returns:
            What is news, at most what is open; None where nothing is.
        """
        if self.is_pending:
            return None
        mine = next((each for each in self.progress if each.line.sku == line.sku), None)
        news = min(mine.open, line.quantity - mine.shipped) if mine else 0
        return OrderShipped(shipment_id, (LinePieces(line.sku, news),)) if news > 0 else None

    def deliver(self) -> tuple[OrderEvent, ...]:
        """Record that the order has reached its recipient; repeating it changes nothing.

        Raises:
            OrderNotShipped: It has not left the warehouse.
        """
        match self.state:
            case OrderState.SHIPPED:
                return (OrderDelivered(),)
            case OrderState.DELIVERED:
                return ()
            case _:
                raise OrderNotShipped(self._is("cannot be delivered"), metadata=self._metadata())

    def _shipped(self, parcel: Parcel) -> tuple[OrderEvent, ...]:
        is_nothing = not parcel.lines and not self.open_lines
        if is_nothing or is_recorded(parcel, self.shipments):
            return ()
        require_open(parcel, self.open_lines, metadata=self._metadata())
        lines = parcel.lines or self.open_lines
        return (OrderShipped(parcel.shipment_id, lines, False, parcel.carrier, parcel.tracking_number),)

    def _is(self, refused: str) -> str:
        return f"order {self.order_id} is {self.state.value} and {refused}"

    def _metadata(self) -> dict[str, str]:
        return {"state": self.state.value}


def fold(order_id: str, occurrences: Iterable[Occurrence]) -> Order | None:
    """The order that its events make, None before the first."""
    order: Order | None = None
    for occurrence in occurrences:
        order = _placed(order_id, occurrence) if order is None else apply(order, occurrence)
    return order


def apply(order: Order, occurrence: Occurrence) -> Order:
    """The order after one more event."""
    change = partial(replace, order, version=occurrence.version, update_time=occurrence.occur_time)
    match occurrence.event:
        case OrderConfirmed(unit_prices, total):
            return change(state=OrderState.CONFIRMED, unit_prices=unit_prices, total=total)
        case OrderRejected() as rejection:
            return change(state=OrderState.REJECTED, rejection=rejection)
        case OrderCancelled(reason):
            return change(state=OrderState.CANCELLED, cancel_reason=reason)
        case OrderShipped() as shipped:
            return _with_shipped(change(), shipped, occurrence)
        case OrderRemainderCancelled(reason, lines):
            return change(state=OrderState.SHIPPED, cancel_reason=reason, remainder_cancelled=lines)
        case OrderDelivered():
            return change(state=OrderState.DELIVERED)
        case OrderPlaced():
            raise ValueError(
                f"order {order.order_id} is placed a second time at version {occurrence.version}"
            )
        case _:
            assert_never(occurrence.event)


def _with_shipped(order: Order, event: OrderShipped, occurrence: Occurrence) -> Order:
    shipment = Shipment(
        event.shipment_id or occurrence.event_id,
        order.open_lines if event.rest else event.lines,
        occurrence.occur_time,
        event.carrier,
        event.tracking_number,
    )
    after = replace(order, shipments=with_parcel(order.shipments, shipment))
    return replace(after, state=OrderState.PARTIALLY_SHIPPED if after.open_lines else OrderState.SHIPPED)


def _placed(order_id: str, occurrence: Occurrence) -> Order:
    if not isinstance(occurrence.event, OrderPlaced):
        raise ValueError(f"order {order_id} does not begin with OrderPlaced")
    return Order(
        order_id=order_id,
        state=OrderState.PENDING,
        placed=occurrence.event,
        placed_event_id=occurrence.event_id,
        place_time=occurrence.occur_time,
        update_time=occurrence.occur_time,
        version=occurrence.version,
    )
