"""What bounds the mails that callers without a login cause to one address, over all workers.

The keys are MACs of the address, so that the store holds nobody's address, and unknown addresses are counted
like known ones.
"""

import hmac
from datetime import timedelta
from hashlib import sha256

from services.kernel.clock import Clock
from services.user.application.ports import Unit
from services.user.domain.limit import NOW, Limit, longest_wait

_DAY = timedelta(days=1)
_FROM_ONE_NETWORK = (Limit(3, timedelta(hours=1)), Limit(10, _DAY))
_IN_ALL = (Limit(30, _DAY),)


class MailLimits:
    """Mails to one address: few for callers of one network, so that others can still cause some."""

    def __init__(self, *, server_key: bytes, clock: Clock) -> None:
        self._server_key = server_key
        self._clock = clock

    async def admit(self, unit: Unit, email: str, *, network: str) -> bool:
        """Count a mail, unless it is one too many; whether it may be sent."""
        now, everywhere = self._clock(), self._key(email)
        here = f"{everywhere}:{network}"
        for key, limits in ((here, _FROM_ONE_NETWORK), (everywhere, _IN_ALL)):
            times = await unit.attempts.times(key, since=now - _DAY)
            if longest_wait(limits, times, at=now) > NOW:
                return False
        for key in (here, everywhere):
            await unit.attempts.add(key, at=now, expire_time=now + _DAY)
        return True

    def _key(self, email: str) -> str:
        return f"mail:{hmac.digest(self._server_key, f'mail:{email}'.encode(), sha256).hex()}"
