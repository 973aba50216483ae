"""A mail provider as all workers see it: whether it may be asked, and since when not."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from services.notification.domain.answer import Answer, AnswerLost, NotAllowed, QuotaUsedUp, Unavailable
from services.notification.domain.budget import Allowance

CHECK_SECONDS = 300.0
"""How often a provider that does not let us send is asked whether it does now."""
MAX_FAILURES = 3
"""After so many in a row a provider counts as away, and the next one is asked."""
AWAY_SECONDS = 30.0


class Condition(Enum):
    """What keeps a provider from taking mails."""

    READY = "READY"
    NOT_ALLOWED = "NOT_ALLOWED"
    QUOTA_USED_UP = "QUOTA_USED_UP"
    ACCOUNTS_ONLY = "ACCOUNTS_ONLY"
    AWAY = "AWAY"


KEPT_FOR_ACCOUNTS = "the rest of the daily quota is kept for mails about accounts"
USED_UP = "daily quota used up"


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A provider's state, shared by the workers.

    Attributes:
        name: The provider's name.
        condition: Whether it takes mails.
        reason: Why not; empty while it does.
        since: When that began.
        check_time: When to ask again; of several workers one does.
        failures: How often in a row it was away.
    """

    name: str
    condition: Condition = Condition.READY
    reason: str = ""
    since: datetime | None = None
    check_time: datetime | None = None
    failures: int = 0

    @property
    def is_ready(self) -> bool:
        return self.condition is Condition.READY

    def takes(self, *, about_an_account: bool) -> bool:
        """Whether it takes a mail, about an account or about an order."""
        return self.is_ready or (about_an_account and self.condition is Condition.ACCOUNTS_ONLY)

    def with_room(self, allowance: Allowance | None, now: datetime) -> "ProviderState":
        """The state of a provider that lets us send, by what it still takes."""
        if allowance is None or allowance.room(about_an_account=False) != 0:
            return self if self.is_ready else ProviderState(self.name)
        if allowance.room(about_an_account=True):
            return self._blocked(Condition.ACCOUNTS_ONLY, KEPT_FOR_ACCOUNTS, now)
        return self._blocked(Condition.QUOTA_USED_UP, USED_UP, now)

    def refused(self, reason: str, now: datetime) -> "ProviderState":
        """The state of a provider that says that we may not send."""
        return self._blocked(Condition.NOT_ALLOWED, reason, now)

    def after(self, answer: Answer, now: datetime) -> "ProviderState":
        """The state after one more answer."""
        match answer:
            case NotAllowed(reason):
                return self._blocked(Condition.NOT_ALLOWED, reason, now)
            case QuotaUsedUp(reason):
                return self._blocked(Condition.QUOTA_USED_UP, reason, now)
            case Unavailable(reason) | AnswerLost(reason):
                return self._failed(reason, now)
            case _ if self.condition is Condition.ACCOUNTS_ONLY:
                return self  # a mail about an account says nothing of the quota
            case _:
                return ProviderState(self.name)

    def checked_later(self, now: datetime) -> "ProviderState":
        """Still as it is: to be asked again."""
        return replace(self, check_time=now + timedelta(seconds=self._pause_seconds))

    @property
    def _pause_seconds(self) -> float:
        return AWAY_SECONDS if self.condition is Condition.AWAY else CHECK_SECONDS

    def _failed(self, reason: str, now: datetime) -> "ProviderState":
        failures = self.failures + 1
        if failures < MAX_FAILURES:
            return replace(self, failures=failures)
        return replace(self._blocked(Condition.AWAY, reason, now), failures=failures)

    def _blocked(self, condition: Condition, reason: str, now: datetime) -> "ProviderState":
        since = self.since if self.condition is condition and self.since is not None else now
        return ProviderState(self.name, condition, reason, since).checked_later(now)
