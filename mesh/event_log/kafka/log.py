"""The event log in Kafka. Its library knows no event loop: every part of it that blocks has a thread."""

import asyncio
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from mesh.event_log.kafka.client import servers_of
from mesh.event_log.kafka.member import SESSION_SECONDS, KafkaMember
from mesh.event_log.kafka.publisher import KafkaPublisher
from mesh.event_log.kafka.reader import follow, replay
from mesh.event_log.kafka.thread import in_thread
from mesh.event_log.kafka.topics import PARTITIONS, KafkaTopics
from mesh.event_log.port import Delivery, EventLogUnavailable, Record, Subscription
from mesh.topology import TOPICS

_PROBE_SECONDS = 1.0
_CORRELATION = struct.pack(">i", 1)
# Length, key and version of ApiVersions, correlation id, no client id (https://kafka.apache.org/protocol).
_API_VERSIONS = struct.pack(">ihh", 10, 18, 0) + _CORRELATION + struct.pack(">h", -1)

_log = structlog.get_logger()


class KafkaEventLog:
    """The distributed event log. Use `opened`."""

    def __init__(
        self, url: str, topics: KafkaTopics, publisher: KafkaPublisher, *, session_seconds: float
    ) -> None:
        self._url = url
        self._topics = topics
        self._publisher = publisher
        self._session_seconds = session_seconds

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        url: str,
        *,
        topics: Sequence[str] = TOPICS,
        partitions: int = PARTITIONS,
        session_seconds: float = SESSION_SECONDS,
    ) -> AsyncIterator["KafkaEventLog"]:
        """Open the log and close it at the end, whether or not a broker is there.

        Args:
            url: for example `kafka://127.0.0.1:50072`.
            topics: are created where they are absent.
            partitions: of each topic.
            session_seconds: when a member of a group that is silent is taken for dead.

        Raises:
            TopicMismatch: A topic has settings with which events would get lost.
        """
        known = KafkaTopics(url, topics, partitions=partitions)
        publisher = KafkaPublisher(url, known, asyncio.get_running_loop())
        async with in_thread(publisher.run, name="kafka-publisher", stop=publisher.stop):
            try:
                await publisher.connect()
            except EventLogUnavailable as error:
                _log.warning("event_log_away", error=str(error))
            yield cls(url, known, publisher, session_seconds=session_seconds)

    async def publish(self, record: Record) -> None:
        await self._publisher.publish(record)

    async def publish_all(self, records: Sequence[Record]) -> int:
        # One after the other: a library that has given one up may still send those behind it.
        for number, record in enumerate(records):
            try:
                await self._publisher.publish(record)
            except EventLogUnavailable:
                return number
        return len(records)

    @asynccontextmanager
    async def consume(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        member = KafkaMember(
            self._url, self._topics, group=group, names=topics, session_seconds=self._session_seconds
        )
        async with in_thread(member.run, name=f"kafka-{group}", stop=member.stop):
            yield member

    def replay(self, topic: str) -> AsyncGenerator[Delivery, None]:
        return replay(self._url, self._topics, topic)

    def follow(self, topics: Sequence[str]) -> AsyncGenerator[Delivery, None]:
        return follow(self._url, self._topics, topics)

    async def is_reachable(self) -> bool:
        return any([await _responds(server) for server in servers_of(self._url)])


async def _responds(server: str) -> bool:
    """Whether a broker answers the question that every version of it understands."""
    host, _, port = server.rpartition(":")
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(_API_VERSIONS)
                return (await reader.readexactly(8)).endswith(_CORRELATION)
            finally:
                writer.close()
    except (OSError, EOFError):
        return False
