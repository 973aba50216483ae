"""How many wrong passwords are taken, from whom, and how long the pauses between them are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.user.domain.limit import NOW, Limit, longest_wait

_QUARTER, _DAY, _MINUTE = timedelta(minutes=15), timedelta(days=1), timedelta(minutes=1)
_DAYS_WORTH = 10
"""A day's limit, in those of a quarter of an hour."""
_FREE_FAILURES = 5
_LONGEST_PAUSE = timedelta(minutes=2)
_NETWORKS_OF_A_SHOP = 30
"""So many networks at their limit make the whole shop careful."""


class GuessCounter(Enum):
    """Whose failures are counted together."""

    DEVICE = "device"
    ACCOUNT_FROM_NETWORK = "account_from_network"
    NETWORK = "network"
    ACCOUNT = "account"
    SHOP = "shop"
    CLIENT = "client"


SPRAY_COUNTERS = frozenset({GuessCounter.NETWORK, GuessCounter.SHOP})
"""Full of failures of many accounts."""


@dataclass(frozen=True, slots=True)
class GuessingRule:
    """The limits of one counter.

    Attributes:
        limits: How many failures within which time.
        pauses: Whether every failure after some makes the next attempt wait longer.
    """

    limits: tuple[Limit, ...]
    pauses: bool = False

    def wait(self, failures: Sequence[datetime], *, at: datetime) -> timedelta:
        """How long until the next attempt.

        Args:
            failures: When others failed or began, oldest first.
            at: The time now.
        """
        wait = longest_wait(self.limits, failures, at=at)
        return max(wait, _pause(failures, at)) if self.pauses else wait

    @property
    def memory(self) -> timedelta:
        """How long a failure counts."""
        return max(limit.within for limit in self.limits)


def _pause(failures: Sequence[datetime], at: datetime) -> timedelta:
    recent = [time for time in failures if time > at - _QUARTER]
    if len(recent) < _FREE_FAILURES:
        return NOW
    pause = min(timedelta(seconds=2 ** (len(recent) - _FREE_FAILURES)), _LONGEST_PAUSE)
    return max(NOW, recent[-1] + pause - at)


@dataclass(frozen=True, slots=True)
class GuessingRules:
    """Each counter's rule."""

    device: GuessingRule
    account: GuessingRule
    account_from_network: GuessingRule
    network: GuessingRule
    shop: GuessingRule

    @classmethod
    def of(cls, *, of_one_account: int, from_one_network: int) -> "GuessingRules":
        """The rules that follow from two numbers.

        Args:
            of_one_account: Failures within 15 minutes; within a day ten times as many. One network may use
                half of them, so that it cannot use them up alone.
            from_one_network: Failures within a minute, whichever accounts they are of.
        """
        half = max(1, of_one_account // 2)
        return cls(
            device=_by_quarter_and_day(of_one_account),
            account=_by_quarter_and_day(of_one_account),
            account_from_network=_by_quarter_and_day(half),
            network=GuessingRule((Limit(from_one_network, _MINUTE),)),
            shop=GuessingRule((Limit(from_one_network * _NETWORKS_OF_A_SHOP, _MINUTE),)),
        )


def _by_quarter_and_day(most: int) -> GuessingRule:
    return GuessingRule((Limit(most, _QUARTER), Limit(most * _DAYS_WORTH, _DAY)), pauses=True)
