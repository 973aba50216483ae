"""Token buckets as one number per key: the generic cell rate algorithm (GCRA).

The number is the theoretical arrival time: when the bucket will be full again.
A call is admitted when that is at most a burst ahead of now.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, Self

from interceptors.rate_limit.arrivals import ArrivalTimes
from mesh.contract import LimitClass

_GENERATION_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate and a burst in seconds.

    Attributes:
        interval: Seconds in which one call's worth refills.
        tolerance: How far ahead the theoretical arrival time may be.
    """

    interval: float
    tolerance: float

    @classmethod
    def of(cls, limit: LimitClass, share: int = 1) -> Self:
        """The rate of a class, or of one of `share` equal parts of it."""
        interval = 60 * share / limit.rate_per_minute
        return cls(interval, interval * max(1, limit.burst // share))


class Limiter(Protocol):
    """Counts calls by key."""

    def admit(self, limit: LimitClass, key: str) -> float | Awaitable[float]:
        """Count a call; 0 when it is admitted, else the seconds until one would be.

        A limiter that has nothing to wait for returns the number itself.
        """
        ...


class LocalLimiter:
    """Counts in this process; of each class it forgets full buckets, and of too many the oldest.

    A class that callers are promised whole is not divided among the workers.
    """

    def __init__(self, *, workers: int = 1, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._monotonic = monotonic
        self._buckets: dict[str, _Buckets] = {}

    def admit(self, limit: LimitClass, key: str) -> float:
        buckets = self._of(limit)
        now = self._monotonic()
        known = buckets.arrivals.get(key, now)
        arrival = known + buckets.rate.interval
        wait = arrival - now - buckets.rate.tolerance
        if wait > 1e-9:
            # Put anew, or callers who keep trying would be forgotten with those who went away.
            buckets.arrivals.put(key, known)
            return wait
        buckets.arrivals.put(key, arrival)
        return 0.0

    def _of(self, limit: LimitClass) -> "_Buckets":
        known = self._buckets.get(limit.name)
        if known is None or known.limit is not limit:
            rate = Rate.of(limit, 1 if limit.undivided else self._workers)
            known = self._buckets[limit.name] = _Buckets(limit, rate)
        return known


class _Buckets:
    """The theoretical arrival times of a class by key."""

    def __init__(self, limit: LimitClass, rate: Rate) -> None:
        self.limit = limit
        self.rate = rate
        self.arrivals = ArrivalTimes(_GENERATION_KEYS)
