"""What happens to an order once its stock is kept: it leaves in parcels and reaches its recipient."""

from services.order.application.commands.changes import OrderChanges
from services.order.application.journal import Cause
from services.order.application.ports import Readers
from services.order.domain.errors import PartsNotReadable
from services.order.domain.events import LinePieces, OrderEvent
from services.order.domain.order import Order
from services.order.domain.shipping import Parcel, require_named

PART_SHIPMENTS = ("OrderShipped", 2)
"""The event, and its version, that says which lines have left."""
_RETRY_SECONDS = 5.0


class Fulfilment:
    """The commands of those who fulfil."""

    def __init__(self, *, changes: OrderChanges, readers: Readers) -> None:
        self._changes = changes
        self._readers = readers

    async def ship(self, order_id: str, parcel: Parcel, cause: Cause) -> Order:
        """Record that a parcel has left the warehouse.

        Until all who follow the orders understand part shipments, only whole ones can be recorded.

        Raises:
            OrderNotFound: There is none.
            PartsNotReadable: The parcel says more than that all has left, and not everybody could read it.
            InvalidShipment: It has lines and no id.
            ShipmentIdReused: Another parcel has its id.
            ShipmentExceedsOpen: It has more pieces than are open.
            OrderNotConfirmed: It is still PENDING.
            OrderIsCancelled: It was taken back.
            OrderIsRejected: It was never going to be delivered.
            ChangedMeanwhile: Others kept changing it.
        """
        require_named(parcel)
        if await self._readers.all_read(PART_SHIPMENTS):
            return (await self._changes.change(order_id, lambda order: order.ship(parcel), cause)).order
        if parcel.says_more_than_the_rest:
            raise _not_readable()
        return (await self._changes.change(order_id, Order.ship_the_rest, cause)).order

    async def ship_the_rest(self, order_id: str, cause: Cause) -> Order:
        """Record what a warehouse has reported in the days of whole shipments.

        Raises:
            OrderNotFound: There is none.
            OrderNotConfirmed: It is still PENDING.
            OrderIsCancelled: It was taken back.
            OrderIsRejected: It was never going to be delivered.
            ChangedMeanwhile: Others kept changing it.
        """
        return (await self._changes.change(order_id, Order.ship_the_rest, cause)).order

    async def depart(self, order_id: str, line: LinePieces, shipment_id: str, cause: Cause) -> Order:
        """Record what a warehouse has reported: of a SKU all pieces that have left by now.

        Raises:
            OrderNotFound: There is none.
            PartsNotReadable: Not all of the order has left, and not everybody could read that.
            ChangedMeanwhile: Others kept changing it.
        """
        in_parts = await self._readers.all_read(PART_SHIPMENTS)

        def departed(order: Order) -> tuple[OrderEvent, ...]:
            event = order.depart(line, shipment_id)
            if event is None or in_parts:
                return (event,) if event else ()
            if order.open_lines != event.lines:
                raise _not_readable()
            return order.ship_the_rest()

        return (await self._changes.change(order_id, departed, cause)).order

    async def deliver(self, order_id: str, cause: Cause) -> Order:
        """Record that an order has reached its recipient.

        Raises:
            OrderNotFound: There is none.
            OrderNotShipped: It has not left the warehouse.
            ChangedMeanwhile: Others kept changing it.
        """
        return (await self._changes.change(order_id, Order.deliver, cause)).order


def _not_readable() -> PartsNotReadable:
    message = "part shipments cannot be recorded while the services are being upgraded; try again"
    return PartsNotReadable(message, retry_after_seconds=_RETRY_SECONDS)
