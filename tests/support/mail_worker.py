"""A worker of the notification service without the mesh around it, for tests that kill it.

`python -m tests.support.mail_worker JSON` runs until it is killed, on a clock that may be faster than the
machine's: mails wait for minutes.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import grpc

from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.sql.row_changes import work_in
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.delivery_statements_sql import UNCLAIMED
from services.notification.adapters.mail_urls import FolderUrl, parse_mail_urls
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.config import Settings
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.suppression import AddressHasher
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.sender import Sender
from services.notification.server import Adapters, open_database, open_mailers, wire

SITE = "https://shop.example"


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that agrees with the machine's at one moment and runs faster.

    Attributes:
        start: That moment, in Unix time.
        factor: How many seconds pass in one of the machine's.
    """

    start: float
    factor: float

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.start + (time.time() - self.start) * self.factor, UTC)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker is started with.

    Attributes:
        name: Of the worker, the same after a restart.
        database_url: Of its deliveries.
        event_log: The file of the event log.
        contacts_port: Where the user service answers.
        mail_urls: Its chain of providers.
        clock: Its time.
    """

    name: str
    database_url: str
    event_log: str
    contacts_port: int
    mail_urls: tuple[str, ...]
    clock: FastClock

    @classmethod
    def from_json(cls, text: str) -> Self:
        document: Mapping[str, Any] = json.loads(text)
        clock, urls = FastClock(**document["clock"]), tuple(document["mail_urls"])
        return cls(**{**document, "clock": clock, "mail_urls": urls})

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process."""
        command = (sys.executable, "-m", "tests.support.mail_worker", json.dumps(asdict(self)))
        return await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parents[2])

    @property
    def settings(self) -> Settings:
        """The settings of the service that it is part of."""
        parsed = parse_mail_urls(self.mail_urls)
        assert not isinstance(parsed, FolderUrl)
        nowhere = Path("/nonexistent")
        return Settings(self.database_url, nowhere, parsed, None, SITE, self.name, nowhere)


async def run(plan: WorkerPlan) -> None:
    """Take in events and send mails until the process is killed."""
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_database(plan.database_url))
        log = await stack.enter_async_context(SqliteEventLog.opened(Path(plan.event_log), lease_seconds=0.4))
        address = f"127.0.0.1:{plan.contacts_port}"
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
        work = SqlUnitOfWork(engine)
        adapters = Adapters(
            read=work.read,
            read_one=work.read_one,
            write=work.write,
            contacts=GrpcContacts(channel, site=SITE),
            renderer=JinjaRenderer(links=ChoiceLinks(b"key", SITE)),
            mailers=await stack.enter_async_context(open_mailers(plan.settings)),
            hook_messages=None,
        )
        use_cases = wire(adapters, addresses=AddressHasher(b"key"), holder=plan.name, clock=plan.clock)
        inbox = SqlInbox(engine, CONSUMER, plan.clock)
        consumer = Consumer(log, CONSUMER, TOPICS, inbox, intake_effect(use_cases.intake, SqlUnit))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run())
            changes = work_in(engine, UNCLAIMED)
            sender = Sender(use_cases.claims, use_cases.deliveries, changes, asyncio.Event())
            tasks.create_task(sender.run())


if __name__ == "__main__":
    asyncio.run(run(WorkerPlan.from_json(sys.argv[1])))
