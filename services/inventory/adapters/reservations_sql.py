"""Reservations in SQL: read and written within a ledger's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.inventory.adapters.money_sql import money_columns, money_of
from services.inventory.adapters.tables import allocations, reservation_lines, reservations, shipments
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
    # Whoever looks at a reservation here decides on it: the others wait, and see the outcome.
    .with_for_update()
)


async def find_reservation(session: AsyncSession, order_id: str) -> Reservation | None:
    """The reservation of an order with its lines and allocations, in one statement."""
    rows = (await session.execute(_WITH_LINES.where(reservations.c.order_id == order_id))).all()
    if not rows:
        return None
    return Reservation(order_id, ReservationState(rows[0].state), _lines(rows), rows[0].expire_time)


async def store_transition(session: AsyncSession, transition: Transition, provenance: Provenance) -> None:
    """Write what a transition changes of its reservation."""
    before, after = transition.before, transition.after
    if before is None:
        await _add(session, after, provenance)
        await _add_lines(session, after)
        await _allocate(session, after)
    else:
        await _update(session, after, provenance)
        if _allocated(before) != _allocated(after):
            await session.execute(delete(allocations).where(allocations.c.order_id == after.order_id))
            await _allocate(session, after)
    await _ship(session, transition.shipments, provenance)


async def _add(session: AsyncSession, reservation: Reservation, provenance: Provenance) -> None:
    await session.execute(
        insert(reservations).values(order_id=reservation.order_id, **_header(reservation, provenance))
    )


async def _update(session: AsyncSession, reservation: Reservation, provenance: Provenance) -> None:
    await session.execute(
        update(reservations)
        .where(reservations.c.order_id == reservation.order_id)
        .values(**_header(reservation, provenance))
    )


async def _add_lines(session: AsyncSession, reservation: Reservation) -> None:
    rows = [
        {
            "order_id": reservation.order_id,
            "sku": line.sku,
            "position": position,
            "quantity": line.quantity,
            **money_columns(line.unit_price),
        }
        for position, line in enumerate(reservation.lines)
    ]
    if rows:
        await session.execute(insert(reservation_lines), rows)


async def _allocate(session: AsyncSession, reservation: Reservation) -> None:
    rows = [
        {
            "order_id": reservation.order_id,
            "sku": line.sku,
            "warehouse": part.warehouse,
            "quantity": part.quantity,
        }
        for line in reservation.lines
        for part in line.allocations
    ]
    if rows:
        await session.execute(insert(allocations), rows)


async def _ship(session: AsyncSession, shipped: Sequence[Shipment], provenance: Provenance) -> None:
    rows = [
        {
            "order_id": shipment.order_id,
            "sku": shipment.sku,
            "warehouse": shipment.warehouse,
            "quantity": shipment.quantity,
            "after_cancel": shipment.after_cancel,
            "told": shipment.told,
            "time": provenance.time,
        }
        for shipment in shipped
    ]
    if rows:
        await session.execute(insert(shipments), rows)


def _header(reservation: Reservation, provenance: Provenance) -> dict[str, Any]:
    return {
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
