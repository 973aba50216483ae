"""How many mails a provider takes, in a second and in 24 hours: one budget for all workers."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

ACCOUNT_SHARE = 0.05
"""The share of the quota that is kept for mails about accounts."""
_ROUNDING = 1e-6
"""Of a mail: times have whole microseconds."""
LEARN_SECONDS = 300.0
"""How old what the provider said of its allowance may be while mails are sent."""
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a provider says that it takes.

    Attributes:
        rate_per_second: The most mails in a second.
        quota: The most mails in 24 hours; None: any number.
        used: How many of them were sent.
    """

    rate_per_second: float
    quota: int | None
    used: int

    def room(self, *, about_an_account: bool) -> int | None:
        """How many mails the quota takes now, of which orders leave a share to accounts; None: any number."""
        if self.quota is None:
            return None
        kept = 0 if about_an_account else int(self.quota * ACCOUNT_SHARE)
        return max(0, self.quota - kept - self.used)


@dataclass(frozen=True, slots=True)
class SendingBudget:
    """What is left of an allowance.

    The rate is a token bucket that holds a second's mails, kept as the time at which it is full again (the
    generic cell rate algorithm).

    Attributes:
        provider: Whose.
        allowance: What the provider said, with what was sent since; None: it did not say, and takes any rate.
        learn_time: When it was asked; None: never.
        full_time: When the bucket is full again; None: it is.
        slow_downs: How often the provider said that mails come too fast, since it was asked.
    """

    provider: str
    allowance: Allowance | None = None
    learn_time: datetime | None = None
    full_time: datetime | None = None
    slow_downs: int = 0

    def is_stale(self, now: datetime) -> bool:
        """Whether the provider has to be asked."""
        return self.learn_time is None or (now - self.learn_time).total_seconds() >= LEARN_SECONDS

    def mails_now(self, now: datetime, most: int, *, about_an_account: bool) -> int:
        """How many mails of a kind may be handed over now."""
        debt = self._debt_seconds(now)
        if self.allowance is None:
            return 0 if debt > 0 else most
        free = _free(self.allowance, self._window_seconds - debt)
        room = self.allowance.room(about_an_account=about_an_account)
        return max(0, min(most, free, most if room is None else room))

    def wait_seconds(self, now: datetime) -> float:
        """How long until a mail may be handed over."""
        if self.allowance is None:
            return self._debt_seconds(now)
        left = self._window_seconds - self._debt_seconds(now)
        return 0.0 if _free(self.allowance, left) >= 1 else 1 / self.allowance.rate_per_second - left

    def charged(self, now: datetime, count: int) -> "SendingBudget":
        """After mails that were handed over."""
        if self.allowance is None:
            return self
        debt = self._debt_seconds(now) + count / self.allowance.rate_per_second
        used = replace(self.allowance, used=self.allowance.used + count)
        return replace(self, allowance=used, full_time=now + timedelta(seconds=debt))

    def slowed(self, now: datetime) -> "SendingBudget":
        """After the provider said that mails come too fast: a pause, twice as long each time in a row."""
        if self._debt_seconds(now) > self._window_seconds:
            return self  # another mail of the same moment has said it
        pause = min(2.0**self.slow_downs, LONGEST_PAUSE_SECONDS) + self._window_seconds
        return replace(self, full_time=now + timedelta(seconds=pause), slow_downs=self.slow_downs + 1)

    def learned(self, now: datetime, allowance: Allowance | None) -> "SendingBudget":
        """After the provider was asked; what it did not say stays as it was, and pauses begin short again."""
        return replace(self, allowance=allowance or self.allowance, learn_time=now, slow_downs=0)

    @property
    def _window_seconds(self) -> float:
        """How long the bucket takes to fill: a second, or a mail's time where that is longer."""
        return 0.0 if self.allowance is None else max(1.0, 1 / self.allowance.rate_per_second)

    def _debt_seconds(self, now: datetime) -> float:
        return 0.0 if self.full_time is None else max(0.0, (self.full_time - now).total_seconds())


def _free(allowance: Allowance, seconds: float) -> int:
    """How many mails fit into some time."""
    return int(seconds * allowance.rate_per_second + _ROUNDING)
