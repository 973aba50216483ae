"""What the warehouse system has reported, in SQL: read and written within a ledger's transaction."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Insert, Row, Update, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from mesh import sql
from mesh.sql.rows import changed_rows
from services.inventory.adapters.tables import (
    feed_starts,
    feeds,
    shipments,
    stock,
    wms_quarantine,
    wms_updates,
)
from services.inventory.domain.errors import StockContended
from services.inventory.domain.feed import FeedStart
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import Shipment
from services.inventory.domain.wms_update import FIRST_EPOCH, Ack, FeedPosition, Recorded, Result, StockUpdate

_QUARANTINE_KEY = ("sku", "warehouse", "epoch", "sequence", "digest")


class SqlWmsRecord:
    """The port `WmsRecord` over an open transaction."""

    def __init__(self, session: sql.Session) -> None:
        self._session = session

    async def epoch(self, warehouse: str) -> int:
        found = await self._session.execute(select(feeds.c.epoch).where(feeds.c.warehouse == warehouse))
        return found.scalar_one_or_none() or FIRST_EPOCH

    async def position(self, sku: str, warehouse: str) -> tuple[int, int] | None:
        shelf = select(stock.c.epoch, stock.c.sequence).where(
            stock.c.sku == sku, stock.c.warehouse == warehouse
        )
        row = (await self._session.execute(shelf.with_for_update())).one_or_none()
        return None if row is None else (row.epoch, row.sequence)

    async def note_refusal(self, refused: StockUpdate) -> None:
        shelf = and_(stock.c.sku == refused.sku, stock.c.warehouse == refused.warehouse)
        await self._session.execute(update(stock).where(shelf).values(refusals=stock.c.refusals + 1))

    async def advance(self, advanced: StockUpdate, *, last: FeedPosition, applied: bool) -> None:
        at_last = and_(
            stock.c.sku == advanced.sku,
            stock.c.warehouse == advanced.warehouse,
            stock.c.epoch == last.epoch,
            stock.c.sequence == last.sequence,
        )
        now = {"epoch": advanced.epoch, "sequence": advanced.sequence} | ({"refusals": 0} if applied else {})
        await self._change_one(update(stock).where(at_last).values(now))

    async def started(self, warehouse: str, request_id: str) -> int | None:
        found = await self._session.execute(
            select(feed_starts.c.epoch).where(
                feed_starts.c.warehouse == warehouse, feed_starts.c.request_id == request_id
            )
        )
        return found.scalar_one_or_none()

    async def start(self, start: FeedStart) -> None:
        begun = {"epoch": start.epoch, "actor": start.actor, "reason": start.reason, "start_time": start.time}
        if start.epoch == FIRST_EPOCH + 1:
            await self._add(insert(feeds).values(warehouse=start.warehouse, **begun))
        else:
            before = and_(feeds.c.warehouse == start.warehouse, feeds.c.epoch == start.epoch - 1)
            await self._change_one(update(feeds).where(before).values(begun))
        await self._add(insert(feed_starts).values(asdict(start)))

    async def _add(self, statement: Insert) -> None:
        try:
            await self._session.execute(statement)
        except IntegrityError:
            raise _contended() from None

    async def recorded(self, repeated: StockUpdate) -> Recorded | None:
        found = await self._session.execute(
            select(wms_updates.c.digest, wms_updates.c.result, wms_updates.c.reason).where(
                wms_updates.c.sku == repeated.sku,
                wms_updates.c.warehouse == repeated.warehouse,
                wms_updates.c.epoch == repeated.epoch,
                wms_updates.c.sequence == repeated.sequence,
            )
        )
        row = found.one_or_none()
        return None if row is None else Recorded(row.digest, Result(row.result), row.reason)

    async def record(self, ack: Ack, provenance: Provenance) -> None:
        row = _row(ack, provenance) | {"result": ack.result.value}
        await self._session.execute(insert(wms_updates).values(row))

    async def set_aside(self, ack: Ack, provenance: Provenance) -> None:
        row = _row(ack, provenance)
        same = and_(*(wms_quarantine.c[name] == row[name] for name in _QUARANTINE_KEY))
        if (await self._session.execute(select(wms_quarantine.c.sku).where(same))).first() is None:
            await self._session.execute(insert(wms_quarantine).values(row | {"content": ack.update.content}))

    async def shipment(self, order_id: str, sku: str, warehouse: str) -> Shipment | None:
        mine = and_(
            shipments.c.order_id == order_id, shipments.c.sku == sku, shipments.c.warehouse == warehouse
        )
        row = (await self._session.execute(select(shipments).where(mine))).one_or_none()
        return None if row is None else _shipment(row)

    async def unreported(self, sku: str, warehouse: str) -> Sequence[Shipment]:
        found = await self._session.execute(
            select(shipments)
            .where(
                shipments.c.sku == sku, shipments.c.warehouse == warehouse, shipments.c.reported.is_(False)
            )
            .order_by(shipments.c.time.desc(), shipments.c.order_id)
        )
        return [_shipment(row) for row in found]

    async def mark_after_cancel(self, order_id: str) -> Sequence[Shipment]:
        unmarked = and_(shipments.c.order_id == order_id, shipments.c.after_cancel.is_(False))
        in_order = select(shipments).where(unmarked).order_by(shipments.c.sku, shipments.c.warehouse)
        found = (await self._session.execute(in_order)).all()
        if found:
            await self._session.execute(update(shipments).where(unmarked).values(after_cancel=True))
        return [replace(_shipment(row), after_cancel=True) for row in found]

    async def mark_reported(self, shipment: Shipment) -> None:
        unreported = and_(
            shipments.c.order_id == shipment.order_id,
            shipments.c.sku == shipment.sku,
            shipments.c.warehouse == shipment.warehouse,
            shipments.c.reported.is_(False),
        )
        await self._change_one(update(shipments).where(unreported).values(reported=True))

    async def _change_one(self, statement: Update) -> None:
        if await changed_rows(self._session, statement) != 1:
            raise _contended()


def _contended() -> StockContended:
    return StockContended("the stock is being changed by others, try again", retry_after_seconds=1)


def _row(ack: Ack, provenance: Provenance) -> dict[str, Any]:
    return {
        "sku": ack.update.sku,
        "warehouse": ack.update.warehouse,
        "epoch": ack.update.epoch or ack.current_epoch or FIRST_EPOCH,
        "sequence": ack.update.sequence,
        "digest": ack.update.digest,
        "reason": ack.reason,
        "actor": provenance.actor,
        "observe_time": ack.update.observe_time,
        "time": provenance.time,
    }


def _shipment(row: Row[Any]) -> Shipment:
    return Shipment(row.order_id, row.sku, row.warehouse, row.quantity, row.after_cancel, row.reported)
