"""Token buckets as one number per key: the generic cell rate algorithm (GCRA).

The number is the theoretical arrival time: when the bucket will be full again.
A call is admitted when that is at most a burst ahead of now.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from cachetools import LRUCache

from mesh.contract import LimitClass

_MOST_KEYS = 100_000


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

    async def admit(self, limit: LimitClass, key: str) -> float:
        """Count a call; 0 when it is admitted, else the seconds until one would be."""
        ...


class LocalLimiter:
    """Counts in this process; forgets the keys that were used least recently.

    A class that callers are promised whole is not divided among the workers.
    """

    def __init__(self, *, workers: int = 1, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._monotonic = monotonic
        self._arrivals: LRUCache[tuple[str, str], float] = LRUCache(_MOST_KEYS)
        self._rates: dict[str, tuple[LimitClass, Rate]] = {}

    async def admit(self, limit: LimitClass, key: str) -> float:
        rate = self._rate(limit)
        now = self._monotonic()
        arrival = max(self._arrivals.get((limit.name, key), now), now) + rate.interval
        wait = arrival - now - rate.tolerance
        if wait > 1e-9:
            return wait
        self._arrivals[limit.name, key] = arrival
        return 0.0

    def _rate(self, limit: LimitClass) -> Rate:
        known = self._rates.get(limit.name)
        if known is None or known[0] is not limit:
            rate = Rate.of(limit, 1 if limit.undivided else self._workers)
            known = self._rates[limit.name] = limit, rate
        return known[1]
