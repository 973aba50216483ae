"""What bounds guessing at passwords and mailing to one address, over all workers.

The keys are MACs of the address, so that the store of a stranger's guesses
holds nobody's address, and unknown addresses are counted like known ones.
"""

import hmac
from hashlib import sha256

from services.kernel.clock import Clock
from services.user.application.ports import Unit
from services.user.domain.budget import Budget
from services.user.domain.errors import TooManyAttempts

# One mail a minute to one address, five at once: a person who tries again gets
# a mail, a victim's mailbox is not flooded.
_MAILS = Budget(rate_per_minute=1, burst=5)


class LoginBudget:
    """Wrong passwords of one address; a right one costs nothing."""

    def __init__(self, *, budget: Budget, server_key: bytes, clock: Clock) -> None:
        self._budget = budget
        self._server_key = server_key
        self._clock = clock

    async def spend(self, unit: Unit, email: str) -> None:
        """Take an attempt before the password is looked at, so that parallel guesses count too.

        Raises:
            TooManyAttempts: There is none left; says when there will be.
        """
        key, now = self._key(email), self._clock().timestamp()
        arrival = await unit.budgets.arrival(key)
        if wait := self._budget.wait_seconds(arrival, now=now):
            raise TooManyAttempts(
                f"too many wrong passwords for this address; try again in {wait:.0f} seconds",
                retry_after_seconds=wait,
            )
        await unit.budgets.put(key, self._budget.spend(arrival, now=now))

    async def give_back(self, unit: Unit, email: str) -> None:
        key = self._key(email)
        await unit.budgets.put(key, await unit.budgets.arrival(key) - self._budget.interval_seconds)

    def _key(self, email: str) -> str:
        return _key(self._server_key, "login", email)


class MailBudget:
    """Mails that strangers can cause to one address."""

    def __init__(self, *, server_key: bytes, clock: Clock) -> None:
        self._server_key = server_key
        self._clock = clock

    async def spend(self, unit: Unit, email: str) -> bool:
        """Whether a mail may be sent."""
        key, now = _key(self._server_key, "mail", email), self._clock().timestamp()
        arrival = await unit.budgets.arrival(key)
        if _MAILS.wait_seconds(arrival, now=now):
            return False
        await unit.budgets.put(key, _MAILS.spend(arrival, now=now))
        return True


def _key(server_key: bytes, kind: str, email: str) -> str:
    return f"{kind}:{hmac.new(server_key, f'{kind}:{email}'.encode(), sha256).hexdigest()}"
