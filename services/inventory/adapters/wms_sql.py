"""What the warehouse system has reported, in SQL: read and written within a ledger's transaction."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Insert, Row, Update, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from mesh import sql
from mesh.sql.rows import changed_rows
from services.inventory.adapters.tables import (
    allocations,
    departures,
    feed_starts,
    feeds,
    reservations,
    stock,
    wms_quarantine,
    wms_updates,
)
from services.inventory.domain.departure import FeedTime, Report
from services.inventory.domain.drift import Unreported
from services.inventory.domain.errors import StockContended
from services.inventory.domain.feed import FeedStart
from services.inventory.domain.movement import Provenance
from services.inventory.domain.wms_update import FIRST_EPOCH, Ack, FeedPosition, Recorded, Result, StockUpdate

_QUARANTINE_KEY = ("sku", "warehouse", "epoch", "sequence", "digest")

_REMOVE_REPORTS = sql.Prepared(
    delete(departures).where(
        departures.c.order_id == bindparam("of_order"),
        departures.c.sku == bindparam("of_sku"),
        departures.c.warehouse == bindparam("of_warehouse"),
    )
)
_ADD_REPORTS = sql.Prepared(insert(departures))


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

    async def reports(self, order_ids: Sequence[str]) -> Sequence[Report]:
        of_orders = select(departures).where(departures.c.order_id.in_(order_ids))
        found = await self._session.execute(
            of_orders.order_by(departures.c.order_id, departures.c.sku, departures.c.warehouse)
        )
        return [_report(row) for row in found]

    async def store_reports(self, reports: Sequence[Report], provenance: Provenance) -> None:
        if not reports:
            return
        places = [
            {"of_order": each.order_id, "of_sku": each.sku, "of_warehouse": each.warehouse}
            for each in reports
        ]
        await self._session.execute(_REMOVE_REPORTS, places)
        await self._session.execute(_ADD_REPORTS, [_report_row(each, provenance) for each in reports])

    async def unreported(self, sku: str, warehouse: str) -> Sequence[Unreported]:
        newest = (
            select(allocations.c.order_id, allocations.c.unreported)
            .join(reservations, reservations.c.order_id == allocations.c.order_id)
            .where(
                allocations.c.sku == sku, allocations.c.warehouse == warehouse, allocations.c.unreported > 0
            )
            .order_by(reservations.c.update_time.desc(), allocations.c.order_id)
        )
        found = await self._session.execute(newest)
        return [Unreported(row.order_id, sku, warehouse, row.unreported) for row in found]

    async def count_in(self, unreported: Unreported, pieces: int, provenance: Provenance) -> None:
        as_seen = and_(
            allocations.c.order_id == unreported.order_id,
            allocations.c.sku == unreported.sku,
            allocations.c.warehouse == unreported.warehouse,
            allocations.c.unreported == unreported.pieces,
        )
        left = unreported.pieces - pieces
        await self._change_one(update(allocations).where(as_seen).values(unreported=left))
        blank = Report(unreported.order_id, unreported.sku, unreported.warehouse)
        known = (await self._session.execute(select(departures).where(_is(blank)))).one_or_none()
        report = blank if known is None else _report(known)
        counted_in = replace(report, counted_in=report.counted_in + pieces)
        await self.store_reports([counted_in], provenance)

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


def _is(report: Report) -> ColumnElement[bool]:
    return and_(
        departures.c.order_id == report.order_id,
        departures.c.sku == report.sku,
        departures.c.warehouse == report.warehouse,
    )


def _report(row: Row[Any]) -> Report:
    return Report(
        row.order_id,
        row.sku,
        row.warehouse,
        named=row.named,
        named_at=(row.named_epoch, row.named_sequence),
        before=row.deltas_before,
        since=_deltas_since(row),
        counted_in=row.counted_in,
        after_cancel=row.after_cancel,
    )


def _deltas_since(row: Row[Any]) -> tuple[tuple[FeedTime, int], ...]:
    known = tuple(((epoch, sequence), pieces) for epoch, sequence, pieces in row.deltas_since_at or ())
    # Of before it was kept when they came: any later count is taken to cover them.
    undated = row.deltas_since - sum(pieces for _, pieces in known)
    return (((row.named_epoch, row.named_sequence), undated), *known) if undated else known


def _report_row(report: Report, provenance: Provenance) -> dict[str, Any]:
    return {
        "order_id": report.order_id,
        "sku": report.sku,
        "warehouse": report.warehouse,
        "named": report.named,
        "named_epoch": report.named_at[0],
        "named_sequence": report.named_at[1],
        "deltas_before": report.before,
        "deltas_since": report.pieces_since,
        "deltas_since_at": [[*time, pieces] for time, pieces in report.since],
        "counted_in": report.counted_in,
        "after_cancel": report.after_cancel,
        "time": provenance.time,
    }
