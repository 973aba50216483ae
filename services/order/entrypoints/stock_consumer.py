"""What inventory's events do to orders."""

import structlog

from mesh.event_log.inbox.inbox import RetryLater
from services.kernel.envelope import Envelope
from services.order.application.commands.shortages import Claim, Shortages
from services.order.application.commands.warehouse_shipments import WarehouseShipments
from services.order.application.event_codec import UnknownEvent
from services.order.application.journal import SYSTEM, WMS, Cause
from services.order.application.ports import InventoryUnreachable
from services.order.domain.errors import PartsNotReadable, StoreUnavailable
from services.order.domain.events import LinePieces

STOCK_CONSUMER = "order.stock"
"""The consumer group and inbox of these events: those of accounts do not wait for them."""
_SHORT, _REPORTED = "StockShort", "ShipmentReported"
STOCK_EVENTS_WITH_EFFECT = frozenset({_SHORT, _REPORTED})

_log = structlog.get_logger()


async def on_stock_event(
    shortages: Shortages, warehouse_shipments: WarehouseShipments, event: Envelope
) -> None:
    """Cancel orders that there is not enough for, and record those that have left.

    Raises:
        RetryLater: The orders cannot be reached, or inventory cannot where an order has to be decided first,
            or not everybody can read of part shipments yet.
        UnknownEvent: It is of a later version than this code knows.
    """
    try:
        if event.type == _SHORT:
            await _resolve(shortages, event)
        elif event.type == _REPORTED:
            await _record(warehouse_shipments, event)
    except (StoreUnavailable, InventoryUnreachable, PartsNotReadable):
        raise RetryLater from None


def report_anomaly(order_id: str, reason: str) -> None:
    """Log an order that has left although it should not have."""
    _log.warning("shipped_against_the_order", order_id=order_id, reason=reason)


async def _record(warehouse_shipments: WarehouseShipments, event: Envelope) -> None:
    payload, cause = event.payload, _cause(WMS, event)
    match event.schema_version:
        case 1:
            await warehouse_shipments.record_whole(payload["orderId"], cause)
        case 2:
            line = LinePieces(payload["sku"], payload["reportedTotal"])
            shipment_id = payload["shipmentId"] or event.event_id
            await warehouse_shipments.record(payload["orderId"], line, shipment_id, cause)
        case version:
            raise UnknownEvent(f"{event.type} version {version} of {event.key} is not known")


async def _resolve(shortages: Shortages, event: Envelope) -> None:
    claims = [Claim(each["orderId"], each["quantity"]) for each in event.payload["claims"]]
    left = await shortages.resolve(event.payload["missing"], claims, _cause(SYSTEM, event))
    if left:
        _log.warning("shortage_lasts", sku=event.key, missing=left)


def _cause(actor: str, event: Envelope) -> Cause:
    return Cause(actor, event.correlation or event.event_id, event.event_id, event.trace)
