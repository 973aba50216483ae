"""Parts of a cache that a test can look into: a source that can be held up, a clock, a codec."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mesh.cache.entry import Entry
from mesh.cache.local import Lifetime, LocalCache
from mesh.cache.read_through import ReadThroughCache
from mesh.cache.shared import NoSharedCache, SharedCache
from mesh.concurrency.task_group import Tasks


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Source:
    """Versions by key, as a database that everybody shares; reads may be held up after they were made.

    Attributes:
        reads: The keys of every read.
        held_up: Cleared by a test that wants reads to be slow.
    """

    versions: dict[str, int] = field(default_factory=dict)
    reads: list[tuple[str, ...]] = field(default_factory=list)
    held_up: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.held_up.set()

    def commit(self, key: str) -> None:
        self.versions[key] = self.versions.get(key, 0) + 1

    async def load(self, keys: Sequence[str]) -> Mapping[str, Entry[str]]:
        self.reads.append(tuple(keys))
        read = {key: self.versions[key] for key in keys if key in self.versions}
        await self.held_up.wait()
        return {key: Entry(f"{key} v{version}", version) for key, version in read.items()}


class TextCodec:
    """Texts as UTF-8."""

    def encode(self, value: str) -> bytes:
        return value.encode()

    def decode(self, body: bytes) -> str:
        return body.decode()


class Fraction:
    """The same number each time it is asked for one."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self) -> float:
        return self.value


def local_cache(
    clock: Clock,
    *,
    lifetime: Lifetime | None = None,
    most: int = 100,
    most_absent: int = 100,
    random: float = 0.0,
) -> LocalCache[str]:
    """A first tier that lasts ten seconds, one for what does not exist; nothing is refreshed early."""
    return LocalCache(
        lifetime=lifetime or Lifetime(seconds=10, absent_seconds=1),
        most=most,
        most_absent=most_absent,
        monotonic=clock,
        random=Fraction(random),
    )


def read_through(
    source: Source,
    tasks: Tasks,
    *,
    clock: Clock | None = None,
    local: LocalCache[str] | None = None,
    shared: SharedCache[str] | None = None,
) -> ReadThroughCache[str]:
    """A cache over a source."""
    clock = clock or Clock()
    return ReadThroughCache(
        local=local_cache(clock) if local is None else local,
        shared=shared or NoSharedCache(),
        load=source.load,
        tasks=tasks,
        monotonic=clock,
    )
