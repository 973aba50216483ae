"""The event log, written by its drivers without an acknowledgement per record."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

from mesh.event_log import Record
from mesh.event_log.sqlite.places import groups_file
from mesh.event_log.sqlite.records import APPEND
from mesh.settings import MeshSettings

_SKIP = """
    INSERT INTO places.positions (group_name, topic, offset)
    SELECT ?, topic, max(offset) FROM records WHERE topic = ? GROUP BY topic
    ON CONFLICT (group_name, topic) DO UPDATE SET offset = excluded.offset
"""
_BUSY_SECONDS = 60.0
_TIMEOUT_MS = 10_000


class BulkLog(Protocol):
    """An event log that nobody else writes to or reads."""

    def publish(self, records: Sequence[Record]) -> None:
        """Append records, those of a key in their order."""
        ...

    def skip_to_end(self, groups: Sequence[str], topic: str) -> None:
        """Have groups without members begin behind the last record, as if they had handled all."""
        ...


def open_bulk_log(settings: MeshSettings) -> AbstractContextManager[BulkLog]:
    """The log of these settings."""
    return _in_sqlite(settings) if settings.kafka_url is None else _in_kafka(settings.kafka_url)


class _SqliteLog:
    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def publish(self, records: Sequence[Record]) -> None:
        now = time.time()
        with self._driver:
            self._driver.executemany(
                APPEND,
                [(each.topic, each.key, each.version, each.body, each.hash, now) for each in records],
            )

    def skip_to_end(self, groups: Sequence[str], topic: str) -> None:
        with self._driver:
            self._driver.executemany(_SKIP, [(group, topic) for group in groups])


@contextmanager
def _in_sqlite(settings: MeshSettings) -> Iterator[BulkLog]:
    log = settings.database("event_log")
    with closing(sqlite3.connect(log, timeout=_BUSY_SECONDS, check_same_thread=False)) as driver:
        driver.execute("ATTACH ? AS places", (str(groups_file(log)),))
        yield _SqliteLog(driver)


@contextmanager
def _in_kafka(url: str) -> Iterator[BulkLog]:
    # Here, since an embedded mesh has no use for the library.
    from bench.past_orders.bulk_log_kafka import KafkaBulkLog  # noqa: PLC0415

    with closing(KafkaBulkLog(url)) as log:
        yield log
