"""What events do: they make mails due, within the transaction that the caller owns."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from services.kernel.clock import Clock
from services.notification.application.ports import Unit
from services.notification.domain.delivery import Delivery
from services.notification.domain.events import (
    Event,
    MailRequested,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderRemainderCancelled,
    OrderShipped,
    UserErased,
)
from services.notification.domain.order_summary import OrderSummary, Parcel
from services.notification.domain.template import Template, notification_id

PARCEL_PAUSE = timedelta(seconds=60)
"""How long a mail waits for another piece of its parcel."""

OrderNews = (
    OrderPlaced | OrderConfirmed | OrderRejected | OrderCancelled | OrderRemainderCancelled | OrderDelivered
)


class UnknownOrder(LookupError):
    """An event is about an order whose beginning never arrived."""


class Intake:
    """Takes in events. Events of orders and of accounts come in no order to each other."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def take(self, unit: Unit, event: Event, *, trace: str) -> None:
        """Note what an event says and what mail it makes due.

        Raises:
            UnknownOrder: the order's beginning never arrived.
        """
        match event:
            case MailRequested():
                await self._request(unit, event, trace)
            case UserErased(user_id):
                await self._erase(unit, user_id)
            case OrderPlaced():
                await self._place(unit, event)
            case _:
                await self._go_on(unit, event, trace)

    async def _request(self, unit: Unit, event: MailRequested, trace: str) -> None:
        if await unit.erasures.is_erased(event.user_id):
            return
        template = Template.for_purpose(event.purpose)
        await unit.deliveries.add(self._due(template, event.request_id, event.user_id, trace))

    async def _erase(self, unit: Unit, user_id: str) -> None:
        await unit.erasures.add(user_id, await unit.deliveries.forget(user_id))
        await unit.orders.forget(user_id)
        await unit.preferences.forget(user_id)

    async def _place(self, unit: Unit, event: OrderPlaced) -> None:
        if await unit.erasures.is_erased(event.customer_id):
            await unit.orders.put(OrderSummary.erased(event.order_id))
        else:
            await unit.orders.put(OrderSummary(event.order_id, event.customer_id, event.lines))

    async def _go_on(self, unit: Unit, event: OrderEvent, trace: str) -> None:
        summary = await unit.orders.get(event.order_id)
        if summary is None:
            raise UnknownOrder(f"order {event.order_id} was never placed")
        if summary.is_erased:
            return
        if isinstance(event, OrderShipped):
            await self._ship(unit, summary, event, trace)
            return
        changed, template = _consequence(summary, event)
        await unit.orders.replace(changed)
        if template is not None:
            await unit.deliveries.add(self._due(template, event.order_id, summary.customer_id, trace))

    async def _ship(self, unit: Unit, summary: OrderSummary, event: OrderShipped, trace: str) -> None:
        """Put pieces into the mail about their parcel; once it may be on its way, into another one."""
        pieces = summary.open_pieces if event.pieces is None else event.pieces
        known = next((each for each in summary.parcels[::-1] if each.shipment_id == event.shipment_id), None)
        together = Counter(pieces) + Counter(known.pieces if known else {})
        # Nothing more can come into it once nothing is open.
        is_last = not Counter(summary.open_pieces) - Counter(pieces)
        due_time = self._clock() if is_last else self._clock() + PARCEL_PAUSE
        if known and await unit.deliveries.put_off(known.notification_id, due_time):
            merged = replace(
                known,
                pieces=together,
                carrier=known.carrier or event.carrier,
                tracking_number=known.tracking_number or event.tracking_number,
            )
            await unit.orders.replace(summary.shipped(merged))
            return
        delivery = replace(
            self._due(Template.ORDER_SHIPPED, event.order_id, summary.customer_id, trace), due_time=due_time
        )
        if summary.parcels:
            name = notification_id(event.order_id, Template.ORDER_SHIPPED, event.version)
            delivery = replace(delivery, notification_id=name)
        parcel = Parcel(
            event.shipment_id, delivery.notification_id, pieces, event.carrier, event.tracking_number
        )
        await unit.orders.replace(summary.shipped(parcel))
        await unit.deliveries.add(delivery)

    def _due(self, template: Template, subject_id: str, user_id: str, trace: str) -> Delivery:
        return Delivery.due(template, subject_id=subject_id, user_id=user_id, trace=trace, now=self._clock())


def _consequence(summary: OrderSummary, event: OrderNews) -> tuple[OrderSummary, Template | None]:
    """What is known afterwards, and the mail that is due; none where the customer was notified already."""
    match event:
        case OrderPlaced():
            return summary, None
        case OrderConfirmed(_, unit_prices, total):
            return summary.confirmed(unit_prices, total), Template.ORDER_CONFIRMED
        case OrderRemainderCancelled(_, reason, pieces):
            return summary.remainder_cancelled(reason, pieces), Template.ORDER_CANCELLED
        case OrderDelivered():
            return summary.delivered(), None
        case OrderCancelled(_, reason):
            return summary.ended(reason), Template.ORDER_CANCELLED
        case OrderRejected(_, reason, available, decided_later):
            template = Template.ORDER_REJECTED if decided_later else None
            return summary.ended(reason, available), template
        case _:
            assert_never(event)
