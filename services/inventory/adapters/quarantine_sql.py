"""Quarantined updates of the warehouse system, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_

from mesh import sql
from mesh.sql.replicas import Reads
from services.inventory.adapters.store_errors_sql import translated
from services.inventory.adapters.tables import wms_quarantine as kept
from services.inventory.domain.quarantined_update import QuarantinedUpdate, QuarantinePosition
from services.inventory.domain.wms_update import StockUpdate, change_of

# As in `QuarantinePosition`: behind the time the primary key, as two may have come at the same time.
_POSITION = (kept.c.time, kept.c.sku, kept.c.warehouse, kept.c.epoch, kept.c.sequence, kept.c.digest)


class SqlQuarantine:
    """The port `Quarantine` over SQL."""

    def __init__(self, *, reads: Reads) -> None:
        self._reads = reads

    async def find(
        self, sku: str, *, limit: int, before: QuarantinePosition | None
    ) -> Sequence[QuarantinedUpdate]:
        statement = select(kept).order_by(*(column.desc() for column in _POSITION)).limit(limit)
        if sku:
            statement = statement.where(kept.c.sku == sku)
        if before is not None:
            # The first condition finds them by the index, which MariaDB does not use for the second.
            statement = statement.where(kept.c.time <= before.time, tuple_(*_POSITION) < tuple(before))

        async def work(session: sql.Session) -> Sequence[QuarantinedUpdate]:
            return [_update(row) for row in await session.execute(statement)]

        with translated():
            return await self._reads(work)


def _update(row: Any) -> QuarantinedUpdate:
    update = StockUpdate(
        row.sku, row.warehouse, row.sequence, change_of(row.content), row.observe_time, row.epoch
    )
    position = QuarantinePosition(row.time, row.sku, row.warehouse, row.epoch, row.sequence, row.digest)
    return QuarantinedUpdate(update, row.reason, row.actor, position)
