"""Forgetting what has expired."""

import asyncio

from services.kernel.clock import Clock
from services.user.application.ports import UnitOfWork

_INTERVAL_SECONDS = 60.0


class Housekeeping:
    """Deletes expired sessions, codes, links and tokens."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def run(self) -> None:
        """Clean up every minute, until cancelled."""
        while True:
            await self._unit_of_work.purge(at=self._clock())
            await asyncio.sleep(_INTERVAL_SECONDS)
