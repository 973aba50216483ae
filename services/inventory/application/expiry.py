"""Holds that have run out."""

from services.inventory.application.ports import DueHolds
from services.inventory.application.reservations import Reservations
from services.kernel.clock import Clock

_BATCH = 50


class Expiry:
    """Gives back holds that have run out. Several processes may do so at once."""

    def __init__(self, *, reservations: Reservations, holds: DueHolds, clock: Clock) -> None:
        self._reservations = reservations
        self._holds = holds
        self._clock = clock

    async def sweep(self) -> int:
        """Give back all that have run out by now.

        Returns:
            How many that were.
        """
        swept = 0
        while due := await self._holds.find(self._clock(), limit=_BATCH):
            for order_id in due:
                await self._reservations.expire(order_id)
            swept += len(due)
        return swept
