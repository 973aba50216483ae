"""Publishes to Kafka: one thread hands records to the library, which has a thread of its own behind it."""

import asyncio
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from mesh.event_log.kafka.client import Network, connection
from mesh.event_log.kafka.completions import ByteBudget, Completions, Pending
from mesh.event_log.kafka.records import message_of, size_bytes
from mesh.event_log.kafka.topics import KafkaTopics, TopicMismatch
from mesh.event_log.port import EventLogUnavailable, Record

MAX_WAITING_BYTES = 16 * 2**20
"""Of records that are not acknowledged yet: the library itself has no bound."""

PATIENCE_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_SETTINGS: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "allow_auto_create_topics": False,
    "bootstrap_timeout_ms": 2000,
    "max_block_ms": 2000,
    "request_timeout_ms": 3000,
    "delivery_timeout_ms": 4000,
    "metrics_enabled": False,
}

_Item = tuple[Record | None, Pending]


class KafkaPublisher:
    """Publishes records. `run` is for the thread, the rest for the event loop."""

    def __init__(self, url: str, topics: KafkaTopics, loop: asyncio.AbstractEventLoop) -> None:
        self._url = url
        self._topics = topics
        self._loop = loop
        self._budget = ByteBudget(MAX_WAITING_BYTES)
        self._completions = Completions(loop, self._budget)
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._producer: KafkaProducer | None = None
        self._has_failed = False
        self._is_stopping = False

    async def connect(self) -> None:
        """Connect, so that the log can be used.

        Raises:
            EventLogUnavailable: No server responds.
            TopicMismatch: The topics are not as they have to be.
        """
        await self._submit(None, 0)

    async def publish(self, record: Record) -> None:
        """As `EventLog.publish`."""
        size = size_bytes(record)
        if not self._budget.has_room(size):
            await self._wait_for_budget(size)
        await self._submit(record, size)

    async def _wait_for_budget(self, size: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._budget.wait(size)
        except TimeoutError:
            raise EventLogUnavailable("too much waits for its acknowledgement") from None

    async def _submit(self, record: Record | None, size: int) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._budget.take(size)
        self._queue.put((record, Pending(done, size)))
        # A timer by hand: `asyncio.timeout` takes longer than all the rest.
        timer = self._loop.call_later(PATIENCE_SECONDS, _time_out, done)
        try:
            await done
        finally:
            timer.cancel()

    def stop(self) -> None:
        self._queue.put(None)

    def run(self) -> None:
        """Hand over what is published, until `stop`."""
        while batch := self._next_batch():
            self._hand_over(batch)
        self._disconnect()

    def _next_batch(self) -> list[_Item]:
        """Everything that waits, at least one; nothing at the end."""
        batch: list[_Item] = []
        with suppress(Empty):
            item = None if self._is_stopping else self._queue.get()
            while item is not None:
                batch.append(item)
                item = self._queue.get_nowait()
            self._is_stopping = True
        return batch

    def _hand_over(self, batch: list[_Item]) -> None:
        try:
            producer = self._connected()
        except TopicMismatch as error:
            for record, pending in batch:
                self._completions.complete(pending, EventLogUnavailable(str(error)) if record else error)
        except Exception as error:  # noqa: BLE001 - the thread's edge: whatever happens, the next may succeed
            for _, pending in batch:
                self._completions.complete(pending, _unacknowledged(error))
        else:
            for record, pending in batch:
                self._send(producer, record, pending)

    def _connected(self) -> KafkaProducer:
        # One that failed is replaced: what it still holds must not come late.
        if self._has_failed:
            self._disconnect()
        if self._producer is None:
            self._topics.ensure()
            self._producer, self._has_failed = _open(self._url), False
        return self._producer

    def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            _close(producer)

    def _send(self, producer: KafkaProducer, record: Record | None, pending: Pending) -> None:
        if record is None or pending.done.done():
            self._completions.complete(pending)
            return
        try:
            sent = producer.send(**message_of(record))
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(pending, error)
        else:
            sent.add_callback(self._acknowledged, pending).add_errback(self._failed, pending)

    def _acknowledged(self, pending: Pending, _metadata: object) -> None:
        self._completions.complete(pending)

    def _failed(self, pending: Pending, error: Exception) -> None:
        self._has_failed = True
        self._completions.complete(pending, _unacknowledged(error))


def _open(url: str) -> KafkaProducer:
    network = Network()
    try:
        return KafkaProducer(**connection(url), **_SETTINGS, kafka_client=network)
    except KafkaError:
        network.close()
        raise


def _close(producer: KafkaProducer) -> None:
    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaTimeoutError:
        # No other way to give up what is not acknowledged: `close` itself waits for it first.
        producer._sender.force_close()
        with suppress(KafkaTimeoutError):
            producer.close(timeout=_CLOSE_SECONDS)


def _unacknowledged(error: Exception) -> EventLogUnavailable:
    return EventLogUnavailable(f"the event log did not acknowledge: {type(error).__name__}")


def _time_out(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_exception(EventLogUnavailable("the event log did not acknowledge in time"))
