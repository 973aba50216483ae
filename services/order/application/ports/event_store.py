"""Where the streams of orders are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.kernel import changes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as stored: its bytes, never rewritten, and what is kept beside them.

    Attributes:
        version: Its place in the order's stream, from 1.
        body: The envelope's canonical bytes.
        hash: SHA-256 of the body, lower-case hex.
    """

    version: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What one command did: 1 to m events, stored together or not at all.

    Attributes:
        order_id: Whose stream.
        customer_id: Whose order; an indexed copy.
        commit_time: When its first event occurred; an indexed copy.
        events: Without a gap from `version` on.
        open: Whether the process manager may have to go on with the order; see `EventStore.mark_closed`.
        published: Of a commit that was read: whether the store says that all of it was published.
    """

    order_id: str
    customer_id: str
    commit_time: datetime
    events: tuple[StoredEvent, ...]
    open: bool
    published: bool = field(default=False, compare=False)

    @property
    def version(self) -> int:
        """The version of the first event."""
        return self.events[0].version

    @property
    def last_version(self) -> int:
        return self.events[-1].version


@dataclass(frozen=True, slots=True)
class Stream:
    """The commits of one order, oldest first; at least one."""

    order_id: str
    commits: tuple[Commit, ...]

    @property
    def events(self) -> tuple[StoredEvent, ...]:
        return tuple(event for commit in self.commits for event in commit.events)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list of orders: newest placed first, then by id."""

    place_time: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which orders: placed by a customer, from a time on, before a time. None: any."""

    customer_id: str | None = None
    min_place_time: datetime | None = None
    max_place_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order with which the process manager may have to go on, since its oldest open commit."""

    order_id: str
    open_time: datetime


class VersionTaken(Exception):
    """Somebody else has appended that version: read the stream and act on the winner."""


class EventStore(Protocol):
    """The streams of orders. It decides: of two appends of one version one wins.

    All methods may raise `StoreUnavailable`; what was to be stored may be stored then or not.
    """

    async def append(self, commit: Commit) -> None:
        """Store a commit durably. Its first version is one more than the stream's last that was read.

        The commit counts as unpublished from then on. One that is not open closes those
        before it, at once or, if the process dies in between, when the process manager looks.

        Raises:
            VersionTaken: The stream has one of these versions already; nothing was stored.
        """
        ...

    async def restore(self, commits: Sequence[Commit]) -> None:
        """Store commits that were published before: as `append` would, but not as unpublished ones.

        Args:
            commits: At least one; those of an order in the order of their versions.

        Raises:
            VersionTaken: One of the versions is there already; of the others some may be stored.
        """
        ...

    async def read(self, order_id: str) -> Stream | None:
        """A whole stream as of the last acknowledged append, None if there is none."""
        ...

    async def several(self, order_ids: Sequence[str]) -> Sequence[Stream]:
        """The streams of those of these orders that exist, in any order."""
        ...

    async def streams(self, *, after: str | None, limit: int) -> Sequence[Stream]:
        """The next streams behind an order id, by order id; none only at the end."""
        ...

    async def bodies(self, *, after: str | None, limit: int) -> Sequence[tuple[str, Sequence[bytes]]]:
        """As `streams`, but only each order's events, as bytes: what folding everything needs, quickly.

        `limit` is about how many commits; an order comes whole.
        """
        ...

    async def count(self) -> int:
        """About how many orders there are, for showing progress."""
        ...

    async def newest(self, selection: Selection, *, after: Position | None, limit: int) -> Sequence[Stream]:
        """Streams of the selected orders in the order of `Position`, found by index."""
        ...

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        """Commits to publish, by order id and version, behind the given (order id, version)."""
        ...

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        """Unset the marker; repeating it changes nothing."""
        ...

    async def open_orders(self, *, after: OpenOrder | None, limit: int) -> Sequence[OpenOrder]:
        """Orders with an open commit, the longest open first, then by id."""
        ...

    async def mark_closed(self, order_id: str, version: int) -> None:
        """Unset `open` on the order's commits up to a version; repeating it changes nothing."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the store answers."""
        ...


class Changes(changes.Changes, Protocol):
    """The same, by a task that watches."""

    async def run(self) -> None:
        """Watch the store; never returns."""
        ...
