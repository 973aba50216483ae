"""The port of the event log: what every technology behind it promises.

At least once, in version order per key by first occurrence: a version is stored only behind those before it.
Consumers commit after their effect.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


class EventLogUnavailable(Exception):
    """The log does not answer. Whether a record was stored is unknown: publish it again."""


class SubscriptionLost(Exception):
    """Another member of the group took over; poll again to get back in line."""


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it travels.

    Attributes:
        topic: where it belongs, for example `shopmesh.order.events.v1`.
        key: what it is about; order holds within a key.
        version: its place in its key's stream: 1, 2, 3 … without a gap.
        body: the stored bytes, the same everywhere.
        hash: SHA-256 of the body, lower-case hex.
    """

    topic: str
    key: str
    version: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record at its place in the log; the offset grows within a topic's partition."""

    record: Record
    partition: int
    offset: int


class Subscription(Protocol):
    """A member of a consumer group."""

    async def poll(self) -> Sequence[Delivery]:
        """Wait until there are records that this member may handle.

        Returns:
            At least one and at most a few hundred records, in log order. After a loss of membership it starts
            again behind the last commit.

        Raises:
            EventLogUnavailable: the log does not answer.
        """
        ...

    async def commit(self, delivery: Delivery) -> None:
        """Note that this record and all before it in its partition have had their effect.

        Raises:
            SubscriptionLost: another member owns the group now; nothing was noted.
            EventLogUnavailable: the log does not answer.
        """
        ...

    async def lag_seconds(self) -> float:
        """How long the oldest record without a commit has waited; 0 when there is none."""
        ...


class EventLog(Protocol):
    """Durable topics, read by consumer groups of which one member is active at a time per partition."""

    async def publish(self, record: Record) -> None:
        """Store a record; it is durable when this returns. Parallel calls must be about different keys.

        Raises:
            EventLogUnavailable: no acknowledgement; the record may be stored nevertheless.
        """
        ...

    async def publish_all(self, records: Sequence[Record]) -> int:
        """Store records of one key, in the order of their versions; parallel calls are about different keys.

        Returns:
            How many are durable, from the first on. Where there are more, no acknowledgement came for the
            next, which may be stored nevertheless, and those behind it only together with it.
        """
        ...

    def consume(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        """Join a group; a group that is new starts at the first record."""
        ...

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        """Read a topic from its first record to the one that is its last when the reading begins.

        No group takes part, so that nobody's place in the log changes. Within a key the order is that of a
        subscription.

        Raises:
            EventLogUnavailable: The log does not answer; what has come so far is not all.
        """
        ...

    def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        """Read topics from their first record as `replay` does, and go on with those that come, for ever."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the log answers; a health probe that does not raise."""
        ...
