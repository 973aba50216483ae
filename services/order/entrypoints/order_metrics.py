"""What the metrics say of orders."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from prometheus_client import Gauge

from services.kernel.clock import Clock
from services.order.application.ports import Search, Selection
from services.order.domain.errors import StoreUnavailable
from services.order.domain.order import OrderState

LONG = timedelta(days=7)
PAUSE_SECONDS = 60.0
PARTLY_SHIPPED = Gauge(
    "shopmesh_orders_partly_shipped_long",
    "Orders placed more than 7 days ago of which a part has not left yet. Every worker shows those of all.",
)

_log = structlog.get_logger()


async def watch_part_shipments(
    count: Callable[[Search], Awaitable[int]], *, clock: Clock, pause_seconds: float = PAUSE_SECONDS
) -> None:
    """Count the orders that wait for their last parcel for long, again and again; never returns."""
    while True:
        long_ago = Selection(max_place_time=clock() - LONG)
        try:
            PARTLY_SHIPPED.set(await count(Search(long_ago, OrderState.PARTIALLY_SHIPPED)))
        except StoreUnavailable as error:
            _log.warning("orders_not_counted", reason=error.reason)
        await asyncio.sleep(pause_seconds)
