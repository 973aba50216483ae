"""The list by which services honour the end of a token before it expires."""

from collections.abc import AsyncIterator, Sequence

from services.kernel.changes import Changes
from services.kernel.clock import Clock
from services.user.application.ports import UnitOfWork
from services.user.domain.grant import Revocation

_PAGE_SIZE = 1000


class Revocations:
    """The use cases of the revocation list."""

    def __init__(self, *, unit_of_work: UnitOfWork, revoked: Changes, clock: Clock) -> None:
        """Bind the use cases.

        Args:
            unit_of_work: Opens transactions.
            revoked: Notifies of what any process has revoked.
            clock: The time now.
        """
        self._unit_of_work = unit_of_work
        self._revoked = revoked
        self._clock = clock

    async def after(self, position: int) -> tuple[Sequence[Revocation], int]:
        """At most 1,000 that still matter, oldest first, and the position behind them."""
        async with self._unit_of_work.read_one() as unit:
            return await unit.revocations.after(position, at=self._clock(), limit=_PAGE_SIZE)

    async def watch(self, position: int) -> AsyncIterator[tuple[Sequence[Revocation], int]]:
        """The same, page by page, and what is revoked from then on."""
        while True:
            seen = self._revoked.count
            found, position = await self.after(position)
            if found:
                yield found, position
            else:
                await self._revoked.wait_for_change(seen)
