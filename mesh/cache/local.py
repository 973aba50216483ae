"""The first tier: a bounded number of entries in the process."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mesh.cache.entry import Entry

T = TypeVar("T")

_JITTER = 0.1
_LEAST_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long entries are used.

    Attributes:
        seconds: What exists; the longest time, each entry gets up to a tenth less. 0: nothing is kept.
        absent_seconds: What does not exist; 0: that is never kept.
    """

    seconds: float
    absent_seconds: float

    def of(self, entry: Entry[T]) -> float:
        """The longest time for an entry, in seconds."""
        return self.absent_seconds if entry.value is None else self.seconds


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """An entry until `expire_at`; a read from `refresh_at` on starts a load and returns the old value."""

    entry: Entry[T]
    expire_at: float
    refresh_at: float


class LocalCache(Generic[T]):
    """Entries of this process; an older version never replaces a newer one.

    What does not exist is kept apart: questions for made-up keys push nothing else out.
    """

    def __init__(
        self,
        *,
        lifetime: Lifetime,
        most: int,
        most_absent: int,
        monotonic: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Make an empty cache.

        Args:
            lifetime: How long entries are used.
            most: How many entries are kept; the oldest go first.
            most_absent: The same for what does not exist.
            monotonic: The time in seconds.
            random: Numbers from 0 to below 1.
        """
        self._lifetime = lifetime
        self._present: OrderedDict[str, Held[T]] = OrderedDict()
        self._absent: OrderedDict[str, Held[T]] = OrderedDict()
        self._most = most
        self._most_absent = most_absent
        self._monotonic = monotonic
        self._random = random

    def find(self, key: str, now: float) -> Held[T] | None:
        """What is held of a key at this time."""
        held = self._present.get(key) or self._absent.get(key)
        return held if held is not None and now < held.expire_at else None

    def keep(self, key: str, entry: Entry[T], *, load_seconds: float) -> Entry[T]:
        """Hold an entry, unless a newer version of it is held; loading it took so long.

        Returns:
            The newer one of the two; of two equal ones the first, which those who keep it know again.
        """
        if self._lifetime.seconds <= 0:
            return entry
        held = self.find(key, self._monotonic())
        if held is not None and held.entry.version > entry.version:
            return held.entry
        known = self._present.get(key)
        if known is not None and known.entry == entry:
            entry = known.entry
        self.drop(key)
        if self._lifetime.of(entry) > 0:
            self._hold(key, self._held(entry, load_seconds))
        return entry

    def drop(self, key: str) -> None:
        """Forget a key."""
        self._present.pop(key, None)
        self._absent.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._present.clear()
        self._absent.clear()

    def __len__(self) -> int:
        return len(self._present) + len(self._absent)

    def _hold(self, key: str, held: Held[T]) -> None:
        is_absent = held.entry.value is None
        place, most = (self._absent, self._most_absent) if is_absent else (self._present, self._most)
        place[key] = held
        if len(place) > most:
            place.popitem(last=False)

    def _held(self, entry: Entry[T], load_seconds: float) -> Held[T]:
        # XFetch (Vattani et al. 2015): refreshed before the end by a random time that grows
        # with the cost of loading; drawn once per entry, as one refresh at a time is enough for all.
        lifetime = self._lifetime.of(entry)
        seconds = lifetime * (1 - _JITTER * self._random())
        spread = max(load_seconds, _LEAST_SPREAD * lifetime)
        expire_at = self._monotonic() + seconds
        return Held(entry, expire_at, expire_at + spread * math.log(1 - self._random()))
