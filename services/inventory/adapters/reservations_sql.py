"""Reservations in SQL: read and written within a ledger's transaction."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Table, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.inventory.adapters.tables import (
    allocations,
    money_columns,
    money_of,
    reservation_lines,
    reservations,
    shipments,
)
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import Line, Reservation, ReservationState, Shipment, Transition
from services.inventory.domain.stock import Allocation

_WITH_LINES = (
    select(
        reservations.c.order_id,
        reservations.c.state,
        reservations.c.expire_time,
        reservation_lines.c.sku,
        reservation_lines.c.quantity,
        reservation_lines.c.currency_code,
        reservation_lines.c.units,
        reservation_lines.c.nanos,
        allocations.c.warehouse,
        allocations.c.quantity.label("allocated"),
        shipments.c.order_id.is_not(None).label("shipped"),
    )
    .select_from(
        reservations.outerjoin(reservation_lines, reservation_lines.c.order_id == reservations.c.order_id)
        .outerjoin(
            allocations,
            and_(
                allocations.c.order_id == reservation_lines.c.order_id,
                allocations.c.sku == reservation_lines.c.sku,
            ),
        )
        .outerjoin(
            shipments,
            and_(
                shipments.c.order_id == allocations.c.order_id,
                shipments.c.sku == allocations.c.sku,
                shipments.c.warehouse == allocations.c.warehouse,
            ),
        )
    )
    .order_by(reservation_lines.c.position, allocations.c.warehouse)
    # A reservation is read here to be decided on: others wait, and see the outcome.
    .with_for_update()
)


async def find_reservations(session: AsyncSession, order_ids: Sequence[str]) -> dict[str, Reservation]:
    """The reservations of orders with their lines and allocations, in one statement."""
    rows = await session.execute(_WITH_LINES.where(reservations.c.order_id.in_(order_ids)))
    by_order: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_order[row.order_id].append(row)
    return {
        order_id: Reservation(order_id, ReservationState(own[0].state), _lines(own), own[0].expire_time)
        for order_id, own in by_order.items()
    }


async def store_transitions(session: AsyncSession, changes: Sequence[tuple[Transition, Provenance]]) -> None:
    """Write what transitions change of their reservations; new ones in as few statements as one takes."""
    new = [(each.after, provenance) for each, provenance in changes if each.before is None]
    added = [reservation for reservation, _ in new]
    await _insert(session, reservations, [_header(*each) for each in new])
    await _insert(session, reservation_lines, [row for each in added for row in _line_rows(each)])
    await _insert(session, allocations, [row for each in added for row in _allocation_rows(each)])
    for each, provenance in changes:
        if each.before is not None:
            await _update(session, each.before, each.after, provenance)
    left = [
        _shipment_row(shipment, provenance) for each, provenance in changes for shipment in each.shipments
    ]
    await _insert(session, shipments, left)


async def _insert(session: AsyncSession, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(table), rows)


async def _update(
    session: AsyncSession, before: Reservation, after: Reservation, provenance: Provenance
) -> None:
    mine = reservations.c.order_id == after.order_id
    await session.execute(update(reservations).where(mine).values(**_header(after, provenance)))
    if _allocated(before) != _allocated(after):
        await session.execute(delete(allocations).where(allocations.c.order_id == after.order_id))
        await _insert(session, allocations, list(_allocation_rows(after)))


def _line_rows(reservation: Reservation) -> Iterator[dict[str, Any]]:
    for position, line in enumerate(reservation.lines):
        yield {
            "order_id": reservation.order_id,
            "sku": line.sku,
            "position": position,
            "quantity": line.quantity,
            **money_columns(line.unit_price),
        }


def _allocation_rows(reservation: Reservation) -> Iterator[dict[str, Any]]:
    for line in reservation.lines:
        for part in line.allocations:
            yield {
                "order_id": reservation.order_id,
                "sku": line.sku,
                "warehouse": part.warehouse,
                "quantity": part.quantity,
            }


def _shipment_row(shipment: Shipment, provenance: Provenance) -> dict[str, Any]:
    return {
        "order_id": shipment.order_id,
        "sku": shipment.sku,
        "warehouse": shipment.warehouse,
        "quantity": shipment.quantity,
        "after_cancel": shipment.after_cancel,
        "reported": shipment.reported,
        "time": provenance.time,
    }


def _header(reservation: Reservation, provenance: Provenance) -> dict[str, Any]:
    return {
        "order_id": reservation.order_id,
        "state": reservation.state.value,
        "expire_time": reservation.expire_time,
        "actor": provenance.actor,
        "update_time": provenance.time,
    }


def _allocated(reservation: Reservation) -> set[tuple[str, str, int]]:
    return {
        (line.sku, part.warehouse, part.quantity) for line in reservation.lines for part in line.allocations
    }


def _lines(rows: Sequence[Any]) -> tuple[Line, ...]:
    parts: dict[str, list[Allocation]] = {}
    heads: dict[str, Any] = {}
    for row in rows:
        if row.sku is not None:
            heads.setdefault(row.sku, row)
            parts.setdefault(row.sku, []).append(Allocation(row.warehouse, row.allocated, row.shipped))
    return tuple(Line(sku, row.quantity, money_of(row), tuple(parts[sku])) for sku, row in heads.items())
