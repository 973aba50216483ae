"""How often something may happen within a time: a sliding window over the times at which it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NOW = timedelta()


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within every span of this length."""

    most: int
    within: timedelta

    def wait(self, times: Sequence[datetime], *, at: datetime) -> timedelta:
        """How long until one more is allowed.

        Args:
            times: When it happened, oldest first.
            at: The time now.
        """
        recent = [time for time in times if time > at - self.within]
        return NOW if len(recent) < self.most else recent[-self.most] + self.within - at


def longest_wait(limits: Sequence[Limit], times: Sequence[datetime], *, at: datetime) -> timedelta:
    """How long until one more is allowed by all of several limits."""
    return max((limit.wait(times, at=at) for limit in limits), default=NOW)
