"""Wrong secrets of OAuth clients."""

from datetime import timedelta

from services.user.application.guesses import Guesses
from services.user.application.ports import UnitOfWork


class ClientFailures:
    """Counts them, by client and network."""

    def __init__(self, *, unit_of_work: UnitOfWork, guesses: Guesses) -> None:
        self._unit_of_work = unit_of_work
        self._guesses = guesses

    async def note(self, client_id: str, *, network: str) -> timedelta:
        """Count one; how long until the next is answered, zero while it is."""
        async with self._unit_of_work.write() as unit:
            return await self._guesses.client_failed(unit, client_id, network)
