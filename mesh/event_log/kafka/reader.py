"""Reads topics in Kafka from their first record, outside of any group: nobody's place in the log changes."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from itertools import chain
from typing import Any, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from mesh.event_log.kafka.client import FETCH_MS, Network, connection
from mesh.event_log.kafka.records import fetched
from mesh.event_log.kafka.topics import KafkaTopics, TopicMismatch
from mesh.event_log.port import Delivery, EventLogUnavailable

PATIENCE_SECONDS = 10.0
_POLL_MS = 1000
_SETTINGS: dict[str, Any] = {
    "group_id": None,
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "allow_auto_create_topics": False,
    "bootstrap_timeout_ms": 3000,
    "request_timeout_ms": 5000,
    "fetch_max_wait_ms": FETCH_MS,
    "metrics_enabled": False,
}

T = TypeVar("T")
Ends = Mapping[TopicPartition, int]


async def replay(url: str, topics: KafkaTopics, name: str) -> AsyncGenerator[Delivery, None]:
    """As `EventLog.replay`."""
    async with _reading(url, topics, [name]) as (reader, in_thread):
        ends = await in_thread(reader.ends)
        while not await in_thread(lambda: reader.has_passed(ends)):
            for delivery in await in_thread(reader.read_on):
                if delivery.offset < ends[TopicPartition(name, delivery.partition)]:
                    yield delivery


async def follow(url: str, topics: KafkaTopics, names: Sequence[str]) -> AsyncGenerator[Delivery, None]:
    """As `EventLog.follow`."""
    async with _reading(url, topics, names) as (reader, in_thread):
        while True:
            for delivery in await in_thread(reader.fetch):
                yield delivery


class _Reader:
    """The part that blocks."""

    def __init__(self, url: str, topics: KafkaTopics, names: Sequence[str]) -> None:
        self._url = url
        self._topics = topics
        self._names = names
        self._stack = ExitStack()

    def open(self) -> None:
        self._topics.ensure()
        client = self._stack.enter_context(closing(Network()))
        self._consumer = KafkaConsumer(**connection(self._url), **_SETTINGS, kafka_client=client)
        self._stack.callback(self._consumer.close)
        self._consumer.assign(
            [
                TopicPartition(name, partition)
                for name in self._names
                for partition in range(self._topics.partitions)
            ]
        )
        self._consumer.seek_to_beginning()

    def close(self) -> None:
        self._stack.close()

    def ends(self) -> Ends:
        ends: Ends = self._consumer.end_offsets(list(self._consumer.assignment()))
        return ends

    def has_passed(self, ends: Ends) -> bool:
        return all((self._consumer.position(partition) or 0) >= end for partition, end in ends.items())

    def fetch(self) -> Sequence[Delivery]:
        messages = chain(*self._consumer.poll(_POLL_MS).values())
        return [record.delivery for message in messages if (record := fetched(message))]

    def read_on(self) -> Sequence[Delivery]:
        """At least one record.

        Raises:
            EventLogUnavailable: None has come for a long time, though there are some.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if deliveries := self.fetch():
                return deliveries
        raise EventLogUnavailable(f"no record came within {PATIENCE_SECONDS:.0f} s")


class _InThread:
    """Calls one function after the other in a thread."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self._executor = executor

    async def __call__(self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function)
        except (KafkaError, TopicMismatch) as error:
            raise EventLogUnavailable(f"the event log does not answer: {type(error).__name__}") from error


@asynccontextmanager
async def _reading(
    url: str, topics: KafkaTopics, names: Sequence[str]
) -> AsyncIterator[tuple[_Reader, _InThread]]:
    reader = _Reader(url, topics, names)
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kafka-reader")
    in_thread = _InThread(executor)
    try:
        await in_thread(reader.open)
        yield reader, in_thread
    finally:
        executor.submit(reader.close)
        executor.shutdown(wait=False)
