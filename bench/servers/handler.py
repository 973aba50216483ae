"""A consumer in a process of its own, which reports when it has handled an event.

`python -m bench.servers.handler GROUP FILE`: a line of key and monotonic nanoseconds for each event handled.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TextIO

import uvloop

from mesh import sql
from mesh.event_log import Record, open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import INBOX_TABLES, Effect, Outcome, SqlInbox
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from services.kernel.clock import system_clock
from services.kernel.envelope import Envelope
from services.order.stores import open_database


class ReportingInbox(SqlInbox):
    """Writes a line for each event once its effect is committed."""

    def report_to(self, file: TextIO) -> None:
        self._file = file

    async def deliver(self, record: Record, effect: Effect) -> Outcome:
        outcome = await super().deliver(record, effect)
        if outcome is Outcome.HANDLED:
            self._file.write(f"{record.key} {time.monotonic_ns()}\n")
        return outcome


async def consume(settings: MeshSettings, group: str, path: Path) -> None:
    """Consume until the process is ended."""
    async with (
        open_event_log(settings) as log,
        open_database(settings.database(f"inbox_{group}"), *INBOX_TABLES) as engine,
    ):
        inbox = ReportingInbox(engine, group, system_clock)
        with path.open("w", buffering=1) as file:
            inbox.report_to(file)
            await Consumer(log, group, (ORDER_EVENTS,), inbox, _effect).run()


async def _effect(_session: sql.Session, _event: Envelope) -> None:
    """The inbox row is all that is written."""
    await asyncio.sleep(0)


if __name__ == "__main__":
    uvloop.run(consume(MeshSettings.from_environ(os.environ), sys.argv[1], Path(sys.argv[2])))
