"""The second tier as the cache sees it: entries that all processes of a service share."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mesh.cache.entry import Entry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LookupResult(Generic[T]):
    """What a look into the shared cache has found.

    Attributes:
        entries: What it holds of the keys.
        leases: How each other key was found; a later `write` is refused where that has changed.
    """

    entries: Mapping[str, Entry[T]]
    leases: Mapping[str, str]


class SharedCache(Protocol[T]):
    """Entries that several processes share; it may be away at any time, and then it holds nothing."""

    async def read(self, keys: Sequence[str]) -> LookupResult[T]:
        """Look for keys, in one round trip."""
        ...

    async def write(self, entries: Mapping[str, Entry[T]], leases: Mapping[str, str]) -> None:
        """Store what was loaded after `read`, unless it was invalidated or a newer version stored since."""
        ...

    def invalidate(self, keys: Collection[str]) -> None:
        """Drop keys for everybody; from now on this process finds none of them as it was."""
        ...


class NoSharedCache:
    """The shared cache of a process that shares nothing."""

    async def read(self, keys: Sequence[str]) -> LookupResult[T]:
        """Nothing is there."""
        return LookupResult({}, {})

    async def write(self, entries: Mapping[str, Entry[T]], leases: Mapping[str, str]) -> None:
        """Nobody else would read it."""

    def invalidate(self, keys: Collection[str]) -> None:
        """There is nothing to drop."""
