"""The process manager's turns."""

import asyncio

import structlog

from mesh.concurrency.cancellation import redeliver_cancellation
from services.order.application.commands.process_manager import ProcessManager

PAUSE_SECONDS = 2.0

_log = structlog.get_logger()


async def manage(manager: ProcessManager, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Let the process manager go through the open orders again and again; never returns."""
    while True:
        async with redeliver_cancellation():
            try:
                await manager.go_through()
            except Exception as error:  # noqa: BLE001 - the edge: a store that is away comes back
                _log.warning("process_manager_waits", error=type(error).__name__)
        await asyncio.sleep(pause_seconds)


def report(order_id: str, error: BaseException) -> None:
    """Log an order that could not be gone on with; its text may be personal, its type is not."""
    _log.error("order_stuck", order_id=order_id, error=type(error).__name__)
