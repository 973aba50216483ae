"""The notification service: chooses adapters and puts the parts together."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.event_log.readers import announce
from mesh.server.context import ServiceContext, StartupError
from mesh.server.endpoint_limits import EndpointLimits
from mesh.server.form_calls import FormCalls
from mesh.server.http_client_address import client_address_of
from mesh.server.process import Service, Servicer, run
from mesh.server.secret_files import create_once
from mesh.sql.databases import opened
from mesh.sql.row_changes import work_in
from services.kernel.clock import Clock
from services.kernel.ids import uuid7
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.delivery_statements_sql import UNCLAIMED
from services.notification.adapters.hook_messages_sns import SnsHookMessages
from services.notification.adapters.mail_urls import ProviderUrl, SesUrl, SmtpUrl
from services.notification.adapters.mailer_folder import FOLDER, FolderMailer
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.schema_sql import SCHEMA
from services.notification.adapters.sns_client import SnsClient
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.application.claims import Claims
from services.notification.application.deliveries import Deliveries
from services.notification.application.feedbacks import Feedbacks
from services.notification.application.intake import Intake
from services.notification.application.mails import Mails
from services.notification.application.notifications import Notifications
from services.notification.application.ports import Contacts, HookMessages, Mailer, Renderer, UnitOfWork
from services.notification.application.providers import Providers
from services.notification.config import Settings
from services.notification.domain.choice_link import ChoiceLinks
from services.notification.domain.suppression import AddressHasher
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.event_reader import EVENTS_READ
from services.notification.entrypoints.hooks_http import SesHook
from services.notification.entrypoints.http_app import notification_app
from services.notification.entrypoints.mail_http import MailPages
from services.notification.entrypoints.mail_metrics import count_from_zero, count_taken_up
from services.notification.entrypoints.mail_servicer import MailServicer
from services.notification.entrypoints.pages import mail_pages
from services.notification.entrypoints.sender import Sender
from services.notification.entrypoints.servicer import NotificationServicer
from services.notification.entrypoints.status_by_error import STATUS_BY_ERROR
from shopmesh.notification.v1.mail_service_pb2_grpc import add_MailServiceServicer_to_server
from shopmesh.notification.v1.notification_service_pb2_grpc import add_NotificationServiceServicer_to_server

_NOTIFICATION_SERVICE = "shopmesh.notification.v1.NotificationService"
_NICENESS = 10
"""While the machine is busy mails wait, and customers of the other services do not."""
_SES_MISSING = (
    "mails by Amazon SES need aiobotocore: install requirements-ses.txt (`make up` does it), or shopmesh[ses]"
)


@dataclass(frozen=True, slots=True)
class Adapters:
    """The notification service's ports, each with the adapter that was chosen.

    Attributes:
        hook_messages: Verifies what SES reports; None: no provider is SES.
    """

    read: UnitOfWork
    read_one: UnitOfWork
    write: UnitOfWork
    contacts: Contacts
    renderer: Renderer
    mailers: Sequence[Mailer]
    hook_messages: HookMessages | None


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, wired."""

    claims: Claims
    deliveries: Deliveries
    feedbacks: Feedbacks
    intake: Intake
    mails: Mails
    notifications: Notifications


def wire(adapters: Adapters, *, addresses: AddressHasher, holder: str, clock: Clock) -> UseCases:
    """Put the use cases on top of the ports.

    Args:
        adapters: What was chosen.
        addresses: Hashes addresses.
        holder: Names who claims deliveries.
        clock: The time now.
    """
    read, write = adapters.read, adapters.write
    providers = Providers(adapters.mailers, read=read, write=write, clock=clock)
    claims = Claims(
        read=read,
        read_one=adapters.read_one,
        write=write,
        providers=providers,
        holder=holder,
        clock=clock,
        note_lost=count_taken_up,
    )
    return UseCases(
        claims=claims,
        deliveries=Deliveries(
            read=read,
            read_one=adapters.read_one,
            write=write,
            claims=claims,
            contacts=adapters.contacts,
            renderer=adapters.renderer,
            providers=providers,
            addresses=addresses,
            clock=clock,
        ),
        feedbacks=Feedbacks(write=write, addresses=addresses, clock=clock),
        intake=Intake(clock=clock),
        mails=Mails(
            read=read, write=write, providers=providers, addresses=addresses, folder=FOLDER, clock=clock
        ),
        notifications=Notifications(read=read, write=write),
    )


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings = Settings.of(context.settings)
    async with (
        open_database(settings.database_url) as engine,
        open_event_log(context.settings) as log,
        open_adapters(context, settings, engine) as adapters,
    ):
        addresses = AddressHasher(read_key(settings.address_key))
        use_cases = wire(adapters, addresses=addresses, holder=settings.worker, clock=context.clock)
        inbox = SqlInbox(engine, CONSUMER, context.clock)
        consumer = Consumer(log, CONSUMER, TOPICS, inbox, intake_effect(use_cases.intake, SqlUnit))
        count_from_zero([mailer.name for mailer in adapters.mailers])
        changes = work_in(engine, UNCLAIMED)
        sender = Sender(use_cases.claims, use_cases.deliveries, changes, context.draining)
        notifications = NotificationServicer(notifications=use_cases.notifications, parking=Parking(consumer))
        yield Service(
            servicers=_servicers(use_cases, notifications),
            errors=STATUS_BY_ERROR,
            hard={"notification.sql": partial(sql.is_reachable, engine)},
            soft={
                "notification.event_log": log.is_reachable,
                "notification.mailer": use_cases.deliveries.is_reachable,
            },
            tasks=(
                consumer.run,
                sender.run,
                partial(announce, log, CONSUMER, EVENTS_READ, clock=context.clock, new_id=uuid7),
            ),
            http=notification_app(
                hook=SesHook(adapters.hook_messages, use_cases.feedbacks),
                pages=MailPages(
                    notifications=use_cases.notifications,
                    calls=FormCalls.of(context, notifications, service=_NOTIFICATION_SERVICE),
                    links=choice_links(settings),
                    pages=mail_pages(),
                    client_address=client_address_of(context.settings.edge_secret),
                ),
                limits=EndpointLimits(context),
            ),
        )


@asynccontextmanager
async def open_adapters(
    context: ServiceContext, settings: Settings, engine: AsyncEngine
) -> AsyncIterator[Adapters]:
    """Choose the adapters."""
    work = SqlUnitOfWork(engine)
    async with (
        open_mailers(settings) as mailers,
        open_hook_messages(settings, context.clock) as hook_messages,
    ):
        yield Adapters(
            read=work.read,
            read_one=work.read_one,
            write=work.write,
            contacts=GrpcContacts(context.channels.to("user"), site=settings.site),
            renderer=JinjaRenderer(links=choice_links(settings), reply_to=settings.reply_to),
            mailers=mailers,
            hook_messages=hook_messages,
        )


def choice_links(settings: Settings) -> ChoiceLinks:
    """The links by which customers choose their mails."""
    return ChoiceLinks(read_key(settings.address_key), settings.site)


def read_key(file: Path) -> bytes:
    """The key by which suppressed addresses are hashed; made once."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_once(file, secrets.token_hex(32))
    return bytes.fromhex(file.read_text())


def open_database(url: str) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open the database, with every table in it.

    Whether a mail is still to be sent, to an account that may be erased meanwhile, is decided by one writer
    at a time.
    """
    return opened(url, SCHEMA, serialize_writes=True)


@asynccontextmanager
async def open_mailers(settings: Settings) -> AsyncIterator[Sequence[Mailer]]:
    """The providers of the chain, in its order, with their connections; a folder where there are none."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(_open_mailer(url)) for url in settings.providers]
        yield opened or (FolderMailer(settings.mail_folder),)


@asynccontextmanager
async def open_hook_messages(settings: Settings, clock: Clock) -> AsyncIterator[HookMessages | None]:
    """What verifies the reports of SES, where it is one of the providers."""
    if settings.ses is None:
        yield None
        return
    async with SnsClient.opened() as client:
        yield SnsHookMessages(client, provider=settings.ses.name, topics=settings.ses.topics, clock=clock)


def _servicers(use_cases: UseCases, notifications: NotificationServicer) -> tuple[Servicer, ...]:
    return (
        Servicer(add_NotificationServiceServicer_to_server, notifications),
        Servicer(add_MailServiceServicer_to_server, MailServicer(use_cases.mails)),
    )


def _open_mailer(url: ProviderUrl) -> AbstractAsyncContextManager[Mailer]:
    match url:
        case SmtpUrl():
            return SmtpMailer.opened(url)
        case SesUrl():
            if find_spec("aiobotocore") is None:
                raise StartupError(_SES_MISSING)
            return SesMailer.opened(url)
        case _:
            assert_never(url)


if __name__ == "__main__":
    run("notification", compose, niceness=_NICENESS)
