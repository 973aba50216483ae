"""What has moved, in SQL."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_

from mesh import sql
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import movements as moved
from services.inventory.domain.movement import (
    Cause,
    Movement,
    MovementFilter,
    MovementPosition,
    Provenance,
    RecordedMovement,
)


class SqlMovements:
    """The port `Movements` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(
        self, wanted: MovementFilter, *, limit: int, before: MovementPosition | None
    ) -> Sequence[RecordedMovement]:
        statement = latest(wanted, limit=limit, before=before)

        async def work(session: sql.Session) -> Sequence[RecordedMovement]:
            return [_recorded(row) for row in await session.execute(statement)]

        with translated():
            return await self._reads(work)


def latest(wanted: MovementFilter, *, limit: int, before: MovementPosition | None) -> Select[tuple[Any, ...]]:
    """The statement that finds movements, the latest in front."""
    found = select(moved).where(*_conditions(wanted, before))
    return found.order_by(moved.c.time.desc(), moved.c.id.desc()).limit(limit)


def _conditions(wanted: MovementFilter, before: MovementPosition | None) -> Iterator[ColumnElement[bool]]:
    yield moved.c.sku == wanted.sku
    if wanted.warehouse:
        yield moved.c.warehouse == wanted.warehouse
    if wanted.order_id:
        yield moved.c.order_id == wanted.order_id
    if wanted.cause is not None:
        yield moved.c.cause == wanted.cause.value
    if wanted.min_time is not None:
        yield moved.c.time >= wanted.min_time
    if wanted.max_time is not None:
        yield moved.c.time < wanted.max_time
    if before is not None:
        # The first condition finds them by the index, which MariaDB does not use for the second.
        yield moved.c.time <= before.time
        yield tuple_(moved.c.time, moved.c.id) < tuple(before)


def _recorded(row: Any) -> RecordedMovement:
    return RecordedMovement(
        Movement(
            Cause(row.cause),
            row.sku,
            row.warehouse,
            book_quantity=row.book_quantity,
            unreported=row.unreported,
            held=row.held,
            committed=row.committed,
        ),
        Provenance(
            row.actor,
            row.time,
            order_id=row.order_id,
            note=row.note,
            causation=row.causation,
            trace_id=row.trace_id,
        ),
        MovementPosition(row.time, row.id),
    )
