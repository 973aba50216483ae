"""What a member of a group holds: the records of its partitions that are fetched and not committed."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kafka import TopicPartition

from mesh.event_log.kafka.records import Fetched
from mesh.event_log.port import Delivery, SubscriptionLost


@dataclass(slots=True)
class _Holding:
    """One partition, from its assignment to its revocation.

    Attributes:
        waiting: Fetched, not delivered yet.
        out: Delivered, not committed yet.
        delivered: The last offset that was delivered; -1 for none.
    """

    waiting: deque[Fetched] = field(default_factory=deque)
    out: deque[Fetched] = field(default_factory=deque)
    delivered: int = -1

    def oldest(self) -> Fetched | None:
        return next((held[0] for held in (self.out, self.waiting) if held), None)


class PartitionBuffers:
    """All partitions of a member; the event loop takes, the member's thread does the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holdings: dict[TopicPartition, _Holding] = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin anew with these partitions: their records come from behind the last commit."""
        with self._lock:
            self._holdings |= {partition: _Holding() for partition in partitions}

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget these partitions: another member delivers and commits their records."""
        with self._lock:
            for partition in partitions:
                self._holdings.pop(partition, None)

    def add(self, records: Iterable[Fetched]) -> None:
        with self._lock:
            for record in records:
                if holding := self._holdings.get(_partition(record.delivery)):
                    holding.waiting.append(record)

    def take(self, limit: int) -> Sequence[Delivery]:
        """Deliver what waits, in log order within each partition."""
        with self._lock:
            taken: list[Delivery] = []
            for holding in self._holdings.values():
                while holding.waiting and len(taken) < limit:
                    record = holding.waiting.popleft()
                    holding.out.append(record)
                    holding.delivered = record.delivery.offset
                    taken.append(record.delivery)
            return taken

    def waiting(self) -> int:
        """How many records wait for their delivery."""
        with self._lock:
            return sum(len(holding.waiting) for holding in self._holdings.values())

    def are_out(self) -> bool:
        """Whether a record is delivered and not committed yet."""
        with self._lock:
            return any(holding.out for holding in self._holdings.values())

    def is_news(self, delivery: Delivery) -> bool:
        """Whether a commit of this delivery would say more than those before it.

        Raises:
            SubscriptionLost: It was delivered before its partition went to another member.
        """
        with self._lock:
            holding = self._holdings.get(_partition(delivery))
            if holding is None or delivery.offset > holding.delivered:
                raise SubscriptionLost(f"partition {delivery.partition} went to another member meanwhile")
            return bool(holding.out) and holding.out[0].delivery.offset <= delivery.offset

    def first_offset(self, partition: TopicPartition) -> int | None:
        """Where a partition goes on that begins anew; None for nothing held."""
        with self._lock:
            oldest = self._holdings.get(partition, _Holding()).oldest()
            return oldest.delivery.offset if oldest else None

    def note(self, delivery: Delivery) -> None:
        """Forget what is committed."""
        with self._lock:
            holding = self._holdings.get(_partition(delivery), _Holding())
            while holding.out and holding.out[0].delivery.offset <= delivery.offset:
                holding.out.popleft()

    def oldest_time(self) -> float | None:
        """When the oldest record that is held was published, in seconds since 1970."""
        with self._lock:
            oldest = (holding.oldest() for holding in self._holdings.values())
            return min((record.publish_time for record in oldest if record), default=None)


def _partition(delivery: Delivery) -> TopicPartition:
    return TopicPartition(delivery.record.topic, delivery.partition)
