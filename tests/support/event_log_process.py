"""A process that publishes to or consumes from an event log, for tests with several of them.

`publish FOLDER KEY COUNT` publishes versions 1 to COUNT of a key; `consume FOLDER` notes events until killed.
The log is in the folder, or in Kafka where the folder has a file `kafka.url`.
"""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from mesh import sql
from mesh.event_log import EventLog
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import INBOX_TABLES, SqlInbox
from mesh.topology import ORDER_EVENTS
from services.kernel.clock import system_clock
from services.kernel.envelope import Envelope
from tests.support.event_logs import Topics, open_own_kafka, open_sqlite
from tests.support.events import envelope, record

metadata = MetaData()
effects = Table("effects", metadata, Column("key", String(50)), Column("version", Integer))


KAFKA_URL = "kafka.url"


def open_log(folder: Path) -> AbstractAsyncContextManager[EventLog]:
    """The log of a test, which its folder names."""
    url = folder / KAFKA_URL
    if url.exists():
        return open_own_kafka(url.read_text(), Topics(folder.name))()
    return open_sqlite(folder)()


async def publish(folder: Path, key: str, count: int) -> None:
    async with open_log(folder) as log:
        for version in range(1, count + 1):
            await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", key, version)))


async def consume(folder: Path) -> None:
    engine = sql.open_engine(sql.sqlite_url(folder / "consumer.db"))
    await sql.create_tables(engine, metadata, *INBOX_TABLES)
    inbox = SqlInbox(engine, "consumer", system_clock)
    async with open_log(folder) as log:
        await Consumer(log, "consumer", [ORDER_EVENTS], inbox, _note).run()


async def _note(session: sql.Session, event: Envelope) -> None:
    await session.execute(insert(effects).values(key=event.key, version=event.version))


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "publish":
        asyncio.run(publish(Path(folder), rest[0], int(rest[1])))
    else:
        asyncio.run(consume(Path(folder)))
