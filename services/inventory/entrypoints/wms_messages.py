"""Between what the warehouse system says and the contract's messages."""

from typing import assert_never

from mesh.messages import time_of, timestamp
from services.inventory.application.reconciliation import Report
from services.inventory.domain.drift import SnapshotLine
from services.inventory.domain.feed import Feed
from services.inventory.domain.quarantined_update import QuarantinedUpdate
from services.inventory.domain.wms_update import Ack, Count, Delta, Result, StockUpdate
from shopmesh.inventory.v1 import wms_service_pb2 as pb

_RESULTS = {
    Result.APPLIED: pb.STOCK_UPDATE_RESULT_APPLIED,
    Result.DUPLICATE: pb.STOCK_UPDATE_RESULT_DUPLICATE,
    Result.GAP: pb.STOCK_UPDATE_RESULT_GAP,
    Result.QUARANTINED: pb.STOCK_UPDATE_RESULT_QUARANTINED,
    Result.STALE_EPOCH: pb.STOCK_UPDATE_RESULT_STALE_EPOCH,
    Result.COUNT_NEEDED: pb.STOCK_UPDATE_RESULT_COUNT_NEEDED,
}


def stock_update(message: pb.StockUpdate) -> StockUpdate:
    observed = time_of(message.observe_time) if message.HasField("observe_time") else None
    return StockUpdate(
        message.sku, message.warehouse, message.sequence, _change(message), observed, message.epoch
    )


def ack_message(ack: Ack) -> pb.StockUpdateAck:
    return pb.StockUpdateAck(
        sku=ack.update.sku,
        warehouse=ack.update.warehouse,
        sequence=ack.update.sequence,
        result=_RESULTS[ack.result],
        expected_sequence=ack.expected_sequence,
        reason=ack.reason,
        epoch=ack.current_epoch,
    )


def feed_message(feed: Feed) -> pb.Feed:
    return pb.Feed(
        warehouse=feed.warehouse,
        epoch=feed.epoch,
        actor=feed.actor,
        reason=feed.reason,
        start_time=None if feed.start_time is None else timestamp(feed.start_time),
        waiting_shelves=feed.waiting_shelves,
        refusing_shelves=feed.refusing_shelves,
    )


def quarantined_update_message(kept: QuarantinedUpdate) -> pb.QuarantinedUpdate:
    return pb.QuarantinedUpdate(
        update=_update_message(kept.update),
        reason=kept.reason,
        actor=kept.actor,
        quarantine_time=timestamp(kept.position.time),
    )


def snapshot_line(message: pb.SnapshotLine) -> SnapshotLine:
    return SnapshotLine(message.sku, message.warehouse, message.on_hand)


def report_message(report: Report) -> pb.ReconcileStockResponse:
    return pb.ReconcileStockResponse(
        compared=report.compared,
        drift=[
            pb.StockDrift(
                sku=each.sku,
                warehouse=each.warehouse,
                shop_on_hand=each.shop_on_hand,
                warehouse_on_hand=each.warehouse_on_hand,
            )
            for each in report.drift
        ],
        repaired=report.repaired,
    )


def _change(message: pb.StockUpdate) -> Count | Delta:
    if message.HasField("count"):
        orders = tuple((each.order_id, each.quantity) for each in message.count.shipped_orders)
        return Count(message.count.on_hand, tuple(message.count.shipped_order_ids), orders)
    return Delta(message.delta.quantity, message.delta.order_id, message.delta.shipment_id)


def _update_message(update: StockUpdate) -> pb.StockUpdate:
    message = pb.StockUpdate(
        sku=update.sku, warehouse=update.warehouse, sequence=update.sequence, epoch=update.epoch
    )
    match update.change:
        case Count(on_hand, order_ids, orders):
            message.count.on_hand = on_hand
            message.count.shipped_order_ids.extend(order_ids)
            for order_id, pieces in orders:
                message.count.shipped_orders.add(order_id=order_id, quantity=pieces)
        case Delta(quantity, order_id, shipment_id):
            message.delta.quantity = quantity
            message.delta.order_id = order_id
            message.delta.shipment_id = shipment_id
        case _:
            assert_never(update.change)
    if update.observe_time is not None:
        message.observe_time.CopyFrom(timestamp(update.observe_time))
    return message
