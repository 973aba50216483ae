"""What bounds guessing at passwords, over all workers: failures are counted, not requests.

Several counters for several purposes: one that throttled both a stranger and the owner would let the stranger
lock the owner out. A device that has logged in before has its own and no other. The keys of accounts are MACs
of addresses, and unknown addresses are counted like known ones.
"""

import hmac
import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

from services.kernel.clock import Clock
from services.user.application.ports import SecurityMetrics, Unit
from services.user.domain.device import Visitor
from services.user.domain.errors import TooManyAttempts
from services.user.domain.guessing import GuessCounter, GuessingRule, GuessingRules
from services.user.domain.limit import NOW


class Guesses:
    """Wrong passwords; a right one costs nothing."""

    def __init__(
        self, *, rules: GuessingRules, server_key: bytes, metrics: SecurityMetrics, clock: Clock
    ) -> None:
        self._rules = rules
        self._server_key = server_key
        self._metrics = metrics
        self._clock = clock

    async def begin(self, unit: Unit, email: str, visitor: Visitor) -> Sequence[int]:
        """Count an attempt before the password is looked at, so that parallel guesses count too.

        Returns:
            What `forget` needs when the password was right.

        Raises:
            TooManyAttempts: It is one too many; says when the next may follow.
        """
        now, counters = self._clock(), list(self._counters(email, visitor))
        for counter, key, rule in counters:
            wait = rule.wait(await unit.attempts.times(key, since=now - rule.memory), at=now)
            if wait > NOW:
                self._metrics.refused(counter, visitor.network)
                raise _too_many(wait)
        return [
            await unit.attempts.add(key, at=now, expire_time=now + rule.memory) for _, key, rule in counters
        ]

    async def forget(self, unit: Unit, attempts: Sequence[int]) -> None:
        """The password was right."""
        await unit.attempts.remove(attempts)

    def failed(self) -> None:
        """The password was wrong: the attempt stays counted."""
        self._metrics.wrong_password()

    async def client_failed(self, unit: Unit, client_id: str, network: str) -> timedelta:
        """Count a client's wrong secret; how long until the next one is answered, zero while it is.

        It bounds nobody who knows the secret: no stranger can keep a service from its tokens.
        """
        now, rule, key = self._clock(), self._rules.network, f"client:{client_id}@{network}"
        wait = rule.wait(await unit.attempts.times(key, since=now - rule.memory), at=now)
        if wait > NOW:
            self._metrics.refused(GuessCounter.CLIENT, network)
        else:
            await unit.attempts.add(key, at=now, expire_time=now + rule.memory)
        return wait

    async def unlock(self, unit: Unit, email: str) -> None:
        """Forget the failures of an account."""
        await unit.attempts.remove_all(self._account_key(email))

    def _counters(self, email: str, visitor: Visitor) -> Iterator[tuple[GuessCounter, str, GuessingRule]]:
        if visitor.device:
            yield GuessCounter.DEVICE, f"device:{visitor.device}", self._rules.device
            return
        account = self._account_key(email)
        here = f"{account}@{visitor.network}"
        yield GuessCounter.ACCOUNT_FROM_NETWORK, here, self._rules.account_from_network
        yield GuessCounter.NETWORK, f"network:{visitor.network}", self._rules.network
        yield GuessCounter.ACCOUNT, account, self._rules.account
        yield GuessCounter.SHOP, "shop", self._rules.shop

    def _account_key(self, email: str) -> str:
        return f"login:{hmac.digest(self._server_key, f'login:{email}'.encode(), sha256).hex()}"


def _too_many(wait: timedelta) -> TooManyAttempts:
    seconds = max(1, math.ceil(wait.total_seconds()))
    return TooManyAttempts(
        f"too many wrong passwords; try again in {seconds} seconds", retry_after_seconds=float(seconds)
    )
