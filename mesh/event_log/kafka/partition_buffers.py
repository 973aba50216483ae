"""What a member of a group holds: the records of its partitions that are fetched and not handled."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kafka import TopicPartition

from mesh.event_log.kafka.records import Fetched
from mesh.event_log.port import Delivery, SubscriptionLost


@dataclass(slots=True)
class _PartitionBuffer:
    """One partition, from its assignment to its revocation.

    Attributes:
        waiting: Fetched, not delivered yet.
        in_flight: Delivered, not handled yet.
        delivered: The last offset that was delivered; -1 for none.
        handled: The last offset that was handled; -1 for none.
        committed: The last offset that the broker knows of as handled; -1 for none.
    """

    waiting: deque[Fetched] = field(default_factory=deque)
    in_flight: deque[Fetched] = field(default_factory=deque)
    delivered: int = -1
    handled: int = -1
    committed: int = -1

    def oldest(self) -> Fetched | None:
        return next((held[0] for held in (self.in_flight, self.waiting) if held), None)


class PartitionBuffers:
    """All partitions of a member; the event loop takes, the member's thread does the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: dict[TopicPartition, _PartitionBuffer] = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin anew with these partitions: their records come from behind the last commit."""
        with self._lock:
            self._buffers |= {partition: _PartitionBuffer() for partition in partitions}

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget these partitions: another member delivers and commits their records."""
        with self._lock:
            for partition in partitions:
                self._buffers.pop(partition, None)

    def add(self, records: Iterable[Fetched]) -> None:
        with self._lock:
            for record in records:
                if buffer := self._buffers.get(_partition(record.delivery)):
                    buffer.waiting.append(record)

    def take(self, limit: int) -> Sequence[Delivery]:
        """Deliver what waits, in log order within each partition."""
        with self._lock:
            taken: list[Delivery] = []
            for buffer in self._buffers.values():
                while buffer.waiting and len(taken) < limit:
                    record = buffer.waiting.popleft()
                    buffer.in_flight.append(record)
                    buffer.delivered = record.delivery.offset
                    taken.append(record.delivery)
            return taken

    def waiting(self) -> int:
        """How many records wait for their delivery."""
        with self._lock:
            return sum(len(buffer.waiting) for buffer in self._buffers.values())

    def note(self, delivery: Delivery) -> None:
        """Note that a delivery and all before it in its partition are handled.

        Raises:
            SubscriptionLost: It was delivered before its partition went to another member.
        """
        with self._lock:
            buffer = self._buffers.get(_partition(delivery))
            if buffer is None or delivery.offset > buffer.delivered:
                raise SubscriptionLost(f"partition {delivery.partition} went to another member meanwhile")
            buffer.handled = max(buffer.handled, delivery.offset)
            while buffer.in_flight and buffer.in_flight[0].delivery.offset <= delivery.offset:
                buffer.in_flight.popleft()

    def noted(self) -> dict[TopicPartition, int]:
        """By partition, the last offset that is handled and that the broker does not know of."""
        with self._lock:
            return {
                partition: buffer.handled
                for partition, buffer in self._buffers.items()
                if buffer.handled > buffer.committed
            }

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note what the broker knows of."""
        with self._lock:
            for partition, offset in offsets.items():
                self._buffers.get(partition, _PartitionBuffer()).committed = offset

    def oldest_time(self) -> float | None:
        """When the oldest record that is held was published, in seconds since 1970."""
        with self._lock:
            oldest = (buffer.oldest() for buffer in self._buffers.values())
            return min((record.publish_time for record in oldest if record), default=None)


def _partition(delivery: Delivery) -> TopicPartition:
    return TopicPartition(delivery.record.topic, delivery.partition)
