"""Forgetting what has expired."""

import asyncio
from contextlib import suppress

from services.kernel.clock import Clock
from services.user.application.ports import UnitOfWork
from services.user.application.registrations import Registrations
from services.user.domain.errors import StoreUnavailable

_INTERVAL_SECONDS = 60.0


class Housekeeping:
    """Deletes what has expired: sessions, codes, links, tokens, logs, accounts that were never verified."""

    def __init__(self, *, unit_of_work: UnitOfWork, registrations: Registrations, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._registrations = registrations
        self._clock = clock

    async def run(self) -> None:
        """Clean up every minute, until cancelled."""
        while True:
            await self.clean_up()
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def clean_up(self) -> None:
        """Clean up once; what cannot be done now is done the next time."""
        await self._unit_of_work.purge(at=self._clock())
        with suppress(StoreUnavailable):
            await self._registrations.forget_expired()
