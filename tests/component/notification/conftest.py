"""The notification service's parts on real stores: its database, the event log, a mail folder or SMTP."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import EventLog
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.sql.row_changes import work_in
from mesh.topology import ORDER_EVENTS, USER_EVENTS
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.delivery_statements_sql import UNCLAIMED
from services.notification.adapters.mailer_folder import FOLDER, FolderMailer
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.application.claims import Claims
from services.notification.application.deliveries import Deliveries
from services.notification.application.feedbacks import Feedbacks
from services.notification.application.intake import Intake
from services.notification.application.mails import Mails
from services.notification.application.notifications import Notifications
from services.notification.application.ports import Claim, Mailer
from services.notification.application.providers import Providers
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.delivery import Delivery
from services.notification.domain.suppression import AddressHasher
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.sender import Sender
from services.notification.entrypoints.servicer import NotificationServicer
from services.notification.server import open_database
from tests.support.events import MORNING, envelope, record
from tests.support.mail import (
    ALICE,
    MUG_ORDER,
    KnownContacts,
    SmtpServer,
    contact_service,
    parse,
    smtp_server,
)
from tests.support.ses import FakeSes, fake_ses, use_credentials

ADDRESSES = AddressHasher(b"a key that only tests have")
SITE = "http://localhost:8080"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EUR_12_50 = {"currencyCode": "EUR", "units": "12", "nanos": 500_000_000}
EUR_25 = {"currencyCode": "EUR", "units": "25", "nanos": 0}


@dataclass
class MovableClock:
    """A clock that a test moves."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Worker:
    """One process of the service."""

    work: SqlUnitOfWork
    inbox: SqlInbox
    consumer: Consumer
    claims: Claims
    deliveries: Deliveries
    sender: Sender
    servicer: NotificationServicer
    feedbacks: Feedbacks
    mails: Mails
    draining: asyncio.Event

    async def deliver(self) -> list[Delivery]:
        """Send what is due now, as one turn of the loop does."""
        return [await self.send(claim) for claim in await self.claims.claim()]

    async def send(self, claim: Claim) -> Delivery:
        """Send what is claimed; what it was where the claim is over."""
        if (outcome := await self.deliveries.attempt(claim)) is None:
            return claim.delivery
        await self.deliveries.record(outcome)
        return outcome.delivery


@dataclass
class World:
    """What is around the service."""

    home: Path
    database_url: str
    log: EventLog
    contacts: KnownContacts
    channel: grpc.aio.Channel
    clock: MovableClock
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home / "mail"

    @property
    def mails(self) -> list[EmailMessage]:
        """What is in the folder."""
        return [parse(path.read_bytes()) for path in sorted(self.folder.glob("*.eml"))]

    @property
    def subjects(self) -> list[str]:
        return sorted(str(mail["Subject"]) for mail in self.mails)

    async def publish(
        self, topic: str, key: str, type_: str, payload: dict[str, Any], schema_version: int = 1
    ) -> None:
        version = self.versions[key] = self.versions.get(key, 0) + 1
        event = envelope(type_, key, version, payload, trace=TRACE)
        await self.log.publish(record(topic, replace(event, schema_version=schema_version)))

    async def order_event(
        self,
        type_: str,
        payload: dict[str, Any] | None = None,
        order: str = MUG_ORDER,
        *,
        schema_version: int = 1,
    ) -> None:
        await self.publish(ORDER_EVENTS, order, type_, payload or {}, schema_version)

    async def place(self, order: str = MUG_ORDER, customer: str = ALICE) -> None:
        lines = [{"sku": "MUG-RED", "name": "Enamel mug, red", "quantity": 2}]
        await self.order_event("OrderPlaced", {"customerId": customer, "lines": lines}, order)

    async def confirm(self, order: str = MUG_ORDER) -> None:
        await self.order_event("OrderConfirmed", {"unitPrices": [EUR_12_50], "total": EUR_25}, order)

    async def request_mail(self, purpose: str, request_id: str, user: str = ALICE) -> None:
        payload = {"userId": user, "purpose": purpose, "requestId": request_id}
        await self.publish(USER_EVENTS, user, "MailRequested", payload)

    async def erase(self, user: str = ALICE) -> None:
        await self.publish(USER_EVENTS, user, "UserErased", {"userId": user})

    async def count(self, table: str) -> int:
        engine = sql.open_engine(self.database_url)
        async with sql.read(engine) as session:
            count = (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608
        await engine.dispose()
        return int(count)


StartWorker = Callable[..., Any]


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with (
        SqliteEventLog.opened(tmp_path / "event_log.db", lease_seconds=0.4) as log,
        contact_service() as (contacts, channel),
    ):
        yield World(tmp_path, database_url, log, contacts, channel, MovableClock())


@pytest.fixture
async def start_worker(world: World) -> AsyncIterator[StartWorker]:
    """Starts a worker on the world's stores; ended with the test."""
    async with AsyncExitStack() as stack:

        async def start(
            name: str = "worker-0", *, mailer: Mailer | None = None, chain: Sequence[Mailer] = ()
        ) -> Worker:
            mailers = chain or (mailer or FolderMailer(world.folder),)
            return await stack.enter_async_context(_worker(world, name, mailers))

        yield start


@pytest.fixture
async def worker(start_worker: StartWorker) -> Worker:
    started: Worker = await start_worker()
    return started


@asynccontextmanager
async def _worker(world: World, name: str, mailers: Sequence[Mailer]) -> AsyncIterator[Worker]:
    async with open_database(world.database_url) as engine:
        yield _put_together(world, name, mailers, engine)


def _put_together(world: World, name: str, mailers: Sequence[Mailer], engine: AsyncEngine) -> Worker:
    work = SqlUnitOfWork(engine)
    inbox = SqlInbox(engine, CONSUMER, world.clock, retry_seconds=(0,))
    effect = intake_effect(Intake(clock=world.clock), SqlUnit)
    consumer = Consumer(world.log, CONSUMER, TOPICS, inbox, effect, retry_seconds=0.01)
    providers = Providers(mailers, read=work.read, write=work.write, clock=world.clock)
    claims = Claims(
        read=work.read,
        read_one=work.read_one,
        write=work.write,
        providers=providers,
        holder=name,
        clock=world.clock,
    )
    deliveries = Deliveries(
        read=work.read,
        read_one=work.read_one,
        write=work.write,
        claims=claims,
        contacts=GrpcContacts(world.channel, site=SITE),
        renderer=JinjaRenderer(links=ChoiceLinks(b"key", SITE)),
        providers=providers,
        addresses=ADDRESSES,
        clock=world.clock,
    )
    servicer = NotificationServicer(
        notifications=Notifications(read=work.read, write=work.write), parking=Parking(consumer)
    )
    feedbacks = Feedbacks(write=work.write, addresses=ADDRESSES, clock=world.clock)
    mails = Mails(
        read=work.read,
        write=work.write,
        providers=providers,
        addresses=ADDRESSES,
        folder=FOLDER,
        clock=world.clock,
    )
    draining = asyncio.Event()
    sender = Sender(claims, deliveries, work_in(engine, UNCLAIMED), draining)
    return Worker(
        work,
        inbox,
        consumer,
        claims,
        deliveries,
        sender,
        servicer,
        feedbacks=feedbacks,
        mails=mails,
        draining=draining,
    )


@pytest.fixture
async def ses(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSes]:
    use_credentials(monkeypatch)
    async with fake_ses() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{fake.port}")
        yield fake


@pytest.fixture
async def by_ses(ses: FakeSes) -> AsyncIterator[SesMailer]:
    async with SesMailer.opened(ses.url) as mailer:
        yield mailer


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as server:
        yield server
