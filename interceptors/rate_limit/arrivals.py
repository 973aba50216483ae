"""Theoretical arrival times of token buckets, by key."""


class ArrivalTimes:
    """Theoretical arrival times by key, in two generations, each dropped once its buckets are full again.

    A full bucket needs no place, so what is kept grows with the calls of a bucket's refill time, not
    with the callers ever seen: few enough to be near the processor.
    """

    def __init__(self, most: int) -> None:
        """Start empty; up to `most` keys make a generation, and at least so many are kept."""
        self._most = most
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._young_full = self._old_full = float("-inf")

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: str, now: float) -> float:
        """When the bucket of a key will be full: now if it is."""
        if now >= self._old_full:
            self._turn()
        arrival = self._young.get(key)
        if arrival is None:
            arrival = self._old.get(key, now)
        return max(arrival, now)

    def put(self, key: str, arrival: float) -> None:
        """Keep when a bucket will be full, and longer than those that were put before."""
        self._young[key] = arrival
        self._young_full = max(self._young_full, arrival)
        if len(self._young) >= self._most:
            self._turn()

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._old_full, self._young_full = self._young_full, float("-inf")
