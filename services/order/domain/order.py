"""An order: its events fold into what it is, and its commands say what happens next.

PENDING → CONFIRMED → SHIPPED → DELIVERED; PENDING → REJECTED; PENDING or CONFIRMED → CANCELLED.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import assert_never
from uuid import UUID, uuid5

from services.kernel.money import Money
from services.order.domain.errors import (
    OrderAlreadyShipped,
    OrderIsCancelled,
    OrderIsRejected,
    OrderNotConfirmed,
    OrderNotShipped,
)
from services.order.domain.events import (
    CancelReason,
    Occurrence,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    PlacedLine,
)
from services.order.domain.pricing import order_total

# Fixed for ever: another namespace would give every repeated request a second order.
_ORDER_NAMESPACE = UUID("6a8f3a52-5c1f-5f0e-9d0b-0d8f2f3c7b11")


class OrderState(Enum):
    """Where an order stands."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"

    @property
    def is_final(self) -> bool:
        """Nothing can happen to the order any more."""
        return self in (OrderState.REJECTED, OrderState.CANCELLED, OrderState.DELIVERED)

    @property
    def gives_stock_back(self) -> bool:
        return self in (OrderState.REJECTED, OrderState.CANCELLED)


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
    def has_left(self) -> bool:
        """Whether it has left the warehouse."""
        return self.state in (OrderState.SHIPPED, OrderState.DELIVERED)

    def confirm(self, unit_prices: Sequence[Money]) -> OrderConfirmed:
        """The stock is kept at these prices. Only a PENDING order is ever confirmed: see `is_pending`."""
        return OrderConfirmed(tuple(unit_prices), order_total(self.lines, unit_prices))

    def cancel(self, reason: CancelReason) -> tuple[OrderEvent, ...]:
        """Take the order back; a cancelled one stays as it is.

        Raises:
            OrderAlreadyShipped: It has left the warehouse.
            OrderIsRejected: It was never going to be delivered.
        """
        match self.state:
            case OrderState.PENDING | OrderState.CONFIRMED:
                return (OrderCancelled(reason),)
            case OrderState.CANCELLED:
                return ()
            case OrderState.REJECTED:
                raise OrderIsRejected(self._is("cannot be cancelled"), metadata=self._metadata())
            case OrderState.SHIPPED | OrderState.DELIVERED:
                raise OrderAlreadyShipped(self._is("cannot be cancelled"), metadata=self._metadata())
            case _:
                assert_never(self.state)

    def ship(self) -> tuple[OrderEvent, ...]:
        """Record that the order has left the warehouse; repeating it changes nothing.

        Raises:
            OrderNotConfirmed: It is still PENDING.
            OrderIsCancelled: It was taken back.
            OrderIsRejected: It was never going to be delivered.
        """
        match self.state:
            case OrderState.CONFIRMED:
                return (OrderShipped(),)
            case OrderState.SHIPPED | OrderState.DELIVERED:
                return ()
            case OrderState.PENDING:
                raise OrderNotConfirmed(self._is("cannot be shipped"), metadata=self._metadata())
            case OrderState.CANCELLED:
                raise OrderIsCancelled(self._is("cannot be shipped"), metadata=self._metadata())
            case OrderState.REJECTED:
                raise OrderIsRejected(self._is("cannot be shipped"), metadata=self._metadata())
            case _:
                assert_never(self.state)

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
        case OrderShipped():
            return change(state=OrderState.SHIPPED)
        case OrderDelivered():
            return change(state=OrderState.DELIVERED)
        case OrderPlaced():
            raise ValueError(
                f"order {order.order_id} is placed a second time at version {occurrence.version}"
            )
        case _:
            assert_never(occurrence.event)


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
