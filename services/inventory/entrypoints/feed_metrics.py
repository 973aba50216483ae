"""What the metrics say of the warehouses' feeds."""

from collections.abc import Awaitable, Callable

from prometheus_client import Gauge

REFUSALS = Gauge(
    "shopmesh_wms_shelf_refusals",
    "Shelves that have refused their last 20 updates or more. Every worker shows those of all.",
)


async def note_refusals(refusing_shelves: Callable[[], Awaitable[int]]) -> None:
    """Look how many shelves there are of that kind."""
    REFUSALS.set(await refusing_shelves())
