"""The list by which services honour the end of a token before it expires."""

from collections.abc import Sequence

from services.kernel.clock import Clock
from services.user.application.ports import UnitOfWork
from services.user.domain.grant import Revocation

_PAGE_SIZE = 1000


class Revocations:
    """The use case of the revocation list."""

    def __init__(self, *, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def after(self, position: int) -> tuple[Sequence[Revocation], int]:
        """At most 1,000 that still matter, oldest first, and the position behind them."""
        async with self._unit_of_work.read() as unit:
            return await unit.revocations.after(position, at=self._clock(), limit=_PAGE_SIZE)
