"""The inventory service, or the baseline in its place, with a database that is a round trip away.

`python -m bench.servers.inventory shipped|baseline MILLISECONDS`
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.util import await_only

from bench.baseline.ledger import LockingLedgers
from bench.baseline.servicer import BaselineServicer
from bench.baseline.stock_levels import OneByOneStockLevels
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from services.inventory.application.reservations import Reservations
from services.inventory.config import Settings
from services.inventory.entrypoints.status_by_error import STATUS_BY_ERROR
from services.inventory.server import compose as compose_shipped
from services.inventory.server import open_database
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as rpc

BASELINE = "baseline"
SHIPPED = "shipped"


@asynccontextmanager
async def compose_baseline(context: ServiceContext) -> AsyncIterator[Service]:
    """Reading and reserving as they were."""
    settings = Settings.of(context.settings)
    async with open_database(settings) as engine:
        servicer = BaselineServicer(  # type: ignore[abstract]
            levels=OneByOneStockLevels(engine=engine),
            reservations=Reservations(
                ledgers=LockingLedgers(engine=engine), clock=context.clock, hold_seconds=settings.hold_seconds
            ),
        )
        yield Service(
            servicers=(Servicer(rpc.add_InventoryServiceServicer_to_server, servicer),),
            errors=STATUS_BY_ERROR,
            hard={},
            soft={},
        )


def delay_statements(seconds: float) -> None:
    """Make every statement of every engine as late as if its database were on another machine."""

    def wait(*_statement: Any) -> None:
        await_only(asyncio.sleep(seconds))

    event.listen(Engine, "before_cursor_execute", wait)


if __name__ == "__main__":
    delay_statements(float(sys.argv[2]) / 1000)
    run("inventory", compose_baseline if sys.argv[1] == BASELINE else compose_shipped)
