"""A member of a consumer group in Kafka: one thread that fetches ahead, commits and keeps its place."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError
from kafka.structs import MemberState

from mesh.event_log.kafka.client import FETCH_MS, Network, connection
from mesh.event_log.kafka.partition_buffers import PartitionBuffers
from mesh.event_log.kafka.records import fetched
from mesh.event_log.kafka.thread import call_soon
from mesh.event_log.kafka.topics import KafkaTopics, TopicMismatch
from mesh.event_log.port import Delivery, EventLogUnavailable

BATCH = 200
SESSION_SECONDS = 6.0
"""When a member that is silent is taken for dead; brokers allow no less by default."""

_POLL_MS = 1000
"""How long one turn waits for records; so much later it may commit, rejoin its group, or stop."""
COMMIT_SECONDS = 0.5
"""A member that is killed gets again what it handled in so short a time before."""
_FULL_SECONDS = 0.05
_CLOSE_MS = 2000
_COMMIT_MS = 4000
_SETTINGS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "allow_auto_create_topics": False,
    "bootstrap_timeout_ms": 3000,
    "request_timeout_ms": 5000,
    "fetch_max_wait_ms": FETCH_MS,
    "fetch_max_bytes": 4 * 2**20,
    "max_partition_fetch_bytes": 2**20,
    "max_poll_records": BATCH,
    # Who stays keeps its partitions, and goes on where it is.
    "partition_assignment_strategy": (CooperativeStickyAssignor,),
    "metrics_enabled": False,
}

_log = structlog.get_logger()


class KafkaMember:
    """A subscription. `run` is for the thread, the rest for the event loop."""

    def __init__(
        self,
        url: str,
        topics: KafkaTopics,
        *,
        group: str,
        names: Sequence[str],
        session_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._topics = topics
        self._group = group
        self._names = tuple(names)
        self._session_ms = int(1000 * session_seconds)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._buffers = PartitionBuffers()
        self._arrived = asyncio.Event()
        self._taken = threading.Event()
        self._commit_time = 0.0
        self._is_stopping = False
        self._end: EventLogUnavailable | None = None

    async def poll(self) -> Sequence[Delivery]:
        while True:
            self._raise_if_ended()
            if taken := self._buffers.take(BATCH):
                self._taken.set()
                return taken
            self._arrived.clear()
            await self._arrived.wait()

    async def commit(self, delivery: Delivery) -> None:
        self._raise_if_ended()
        self._buffers.note(delivery)

    async def lag_seconds(self) -> float:
        """As `Subscription.lag_seconds`, by the records that were fetched already."""
        self._raise_if_ended()
        oldest = self._buffers.oldest_time()
        return max(0.0, self._clock() - oldest) if oldest is not None else 0.0

    def stop(self) -> None:
        self._is_stopping = True
        self._taken.set()

    def run(self) -> None:
        """Consume until `stop`, or until an error ends the subscription."""
        end = "the subscription is over"
        try:
            self._topics.ensure()
            self._consume()
        except TopicMismatch as error:
            end = str(error)
        except Exception as error:  # noqa: BLE001 - the thread's edge: the caller subscribes anew
            end = f"the event log does not answer: {type(error).__name__}"
        finally:
            call_soon(self._loop, partial(self._ended, EventLogUnavailable(end)))

    def _raise_if_ended(self) -> None:
        if self._end:
            raise self._end

    def _ended(self, end: EventLogUnavailable) -> None:
        self._end = end
        self._arrived.set()

    def _consume(self) -> None:
        settings = {**connection(self._url), **_SETTINGS, "session_timeout_ms": self._session_ms}
        with closing(Network()) as client:
            consumer = KafkaConsumer(
                **settings,
                group_id=self._group,
                heartbeat_interval_ms=self._session_ms // 4,
                kafka_client=client,
            )
            try:
                consumer.subscribe(self._names, listener=_Listener(self._buffers))
                # Waits for the topics' metadata: a group leader without it assigns no partitions.
                consumer.end_offsets([TopicPartition(name, 0) for name in self._names])
                while not self._is_stopping:
                    self._take_turn(consumer)
                self._commit_noted(consumer)
            finally:
                consumer.close(timeout_ms=_CLOSE_MS)

    def _take_turn(self, consumer: KafkaConsumer) -> None:
        """Commit what is handled, and fetch, but not much further than what is taken."""
        if self._clock() - self._commit_time >= COMMIT_SECONDS:
            self._commit_noted(consumer)
        self._taken.clear()
        if self._buffers.waiting() < BATCH:
            consumer.resume(*consumer.paused())
            self._receive(consumer.poll(_POLL_MS))
            return
        consumer.pause(*consumer.assignment())
        if _is_stable(consumer):
            self._receive(consumer.poll(0))
            self._taken.wait(_FULL_SECONDS)
        else:
            self._receive(consumer.poll(_POLL_MS))

    def _receive(self, messages: dict[TopicPartition, list[Any]]) -> None:
        records = [record for message in chain(*messages.values()) if (record := fetched(message))]
        if records:
            self._buffers.add(records)
            call_soon(self._loop, self._arrived.set)

    def _commit_noted(self, consumer: KafkaConsumer) -> None:
        """Commit what is handled; what cannot be committed now is tried again, here or by its next owner."""
        self._commit_time = self._clock()
        noted = self._buffers.noted()
        if not noted:
            return
        try:
            consumer.commit(
                {partition: OffsetAndMetadata(offset + 1) for partition, offset in noted.items()},
                timeout_ms=_COMMIT_MS,
            )
        except KafkaError as error:
            _log.warning("not_committed", group=self._group, error=type(error).__name__)
        else:
            self._buffers.committed(noted)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Keeps the holdings to the partitions that this member has; the library calls it while it polls."""

    def __init__(self, buffers: PartitionBuffers) -> None:
        self._buffers = buffers

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._buffers.revoke(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._buffers.assign(assigned)


def _is_stable(consumer: KafkaConsumer) -> bool:
    """Whether the group is shared out; until then polls have to follow each other closely.

    An answer of the broker between two polls of a member that joins is lost to kafka-python: it joins again.
    """
    return consumer.group_metadata().state is MemberState.STABLE
