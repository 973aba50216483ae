"""A bounded cache of recently used values."""

from typing import Generic, TypeVar

T = TypeVar("T")


class GenerationalCache(Generic[T]):
    """Values by key, in two generations: a value that is not read for a whole generation is dropped.

    An LRU list would add several cache misses to each lookup.
    """

    def __init__(self, most: int) -> None:
        """Start empty; up to `most` keys make a generation, and at least so many are kept."""
        self._most = most
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}

    def get(self, key: str) -> T | None:
        """What is kept under a key."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: str, value: T) -> None:
        self._young[key] = value
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
