"""Reservations in SQL: read and written within a ledger's transaction."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, delete, insert, select, update

from mesh import sql
from services.inventory.adapters.tables import (
    allocations,
    money_columns,
    money_of,
    reservation_lines,
    reservations,
)
from services.inventory.domain.movement import Provenance
from services.inventory.domain.reservation import Line, Reservation, ReservationState, Transition
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
        reservation_lines.c.shipped,
        allocations.c.warehouse,
        allocations.c.quantity.label("allocated"),
        allocations.c.gone,
        allocations.c.unreported,
    )
    .select_from(
        reservations.outerjoin(
            reservation_lines, reservation_lines.c.order_id == reservations.c.order_id
        ).outerjoin(
            allocations,
            and_(
                allocations.c.order_id == reservation_lines.c.order_id,
                allocations.c.sku == reservation_lines.c.sku,
            ),
        )
    )
    .order_by(reservation_lines.c.position, allocations.c.warehouse)
    # A reservation is read here to be decided on: others wait, and see the outcome.
    .with_for_update()
    # MariaDB would rather read a small table whole, and so wait for everybody else's rows too.
    .with_hint(reservations, "FORCE INDEX (PRIMARY)", "mysql")
)
_ADD = sql.Prepared(insert(reservations))
_ADD_LINES = sql.Prepared(insert(reservation_lines))
_ADD_ALLOCATIONS = sql.Prepared(insert(allocations))
_SHIP_LINES = sql.Prepared(
    update(reservation_lines)
    .where(
        reservation_lines.c.order_id == bindparam("of_order"), reservation_lines.c.sku == bindparam("of_sku")
    )
    .values(shipped=bindparam("pieces"))
)
_REPLACE = sql.Prepared(update(reservations).where(reservations.c.order_id == bindparam("named")))


@cache
def _of_orders(count: int) -> sql.Prepared:
    wanted: list[BindParameter[str]] = [bindparam(f"order{number}") for number in range(count)]
    return sql.Prepared(_WITH_LINES.where(reservations.c.order_id.in_(wanted)))


async def find_reservations(session: sql.Session, order_ids: Sequence[str]) -> dict[str, Reservation]:
    """The reservations of orders with their lines and allocations, in one statement."""
    if not order_ids:
        return {}
    wanted = {f"order{number}": order_id for number, order_id in enumerate(order_ids)}
    rows = await session.execute(_of_orders(len(order_ids)), wanted)
    by_order: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_order[row.order_id].append(row)
    return {
        order_id: Reservation(order_id, ReservationState(own[0].state), _lines(own), own[0].expire_time)
        for order_id, own in by_order.items()
    }


async def store_transitions(session: sql.Session, changes: Sequence[tuple[Transition, Provenance]]) -> None:
    """Write what transitions change of their reservations; new ones in as few statements as one takes."""
    new = [(each.after, provenance) for each, provenance in changes if each.before is None]
    added = [reservation for reservation, _ in new]
    await _insert(session, _ADD, [_header(*each) for each in new])
    await _insert(session, _ADD_LINES, [row for each in added for row in _line_rows(each)])
    await _insert(session, _ADD_ALLOCATIONS, [row for each in added for row in _allocation_rows(each)])
    for each, provenance in changes:
        if each.before is not None:
            await _update(session, each.before, each.after, provenance)


async def _insert(session: sql.Session, insertion: sql.Prepared, rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insertion, rows)


async def _update(
    session: sql.Session, before: Reservation, after: Reservation, provenance: Provenance
) -> None:
    await session.execute(_REPLACE, {"named": after.order_id, **_header(after, provenance)})
    if shipped := _shipped_since(before, after):
        await session.execute(_SHIP_LINES, shipped)
    if _allocated(before) != _allocated(after):
        await session.execute(delete(allocations).where(allocations.c.order_id == after.order_id))
        await _insert(session, _ADD_ALLOCATIONS, list(_allocation_rows(after)))


def _line_rows(reservation: Reservation) -> Iterator[dict[str, Any]]:
    for position, line in enumerate(reservation.lines):
        yield {
            "order_id": reservation.order_id,
            "sku": line.sku,
            "position": position,
            "quantity": line.quantity,
            "shipped": line.shipped,
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
                "gone": part.gone,
                "unreported": part.unreported,
            }


def _shipped_since(before: Reservation, after: Reservation) -> list[dict[str, Any]]:
    """The lines of which more pieces have left, for `_SHIP_LINES`."""
    return [
        {"of_order": after.order_id, "of_sku": line.sku, "pieces": line.shipped}
        for line in after.lines
        if (then := before.line(line.sku)) is not None and then.shipped != line.shipped
    ]


def _header(reservation: Reservation, provenance: Provenance) -> dict[str, Any]:
    return {
        "order_id": reservation.order_id,
        "state": reservation.state.value,
        "expire_time": reservation.expire_time,
        "actor": provenance.actor,
        "update_time": provenance.time,
    }


def _allocated(reservation: Reservation) -> set[tuple[str, Allocation]]:
    return {(line.sku, part) for line in reservation.lines for part in line.allocations}


def _lines(rows: Sequence[Any]) -> tuple[Line, ...]:
    parts: dict[str, list[Allocation]] = {}
    heads: dict[str, Any] = {}
    for row in rows:
        if row.sku is not None:
            heads.setdefault(row.sku, row)
            part = Allocation(row.warehouse, row.allocated, row.gone, row.unreported)
            parts.setdefault(row.sku, []).append(part)
    return tuple(
        Line(sku, row.quantity, money_of(row), tuple(parts[sku]), row.shipped) for sku, row in heads.items()
    )
