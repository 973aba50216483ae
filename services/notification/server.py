"""The notification service: chooses adapters and puts the parts together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.server.context import ServiceContext, StartupError
from mesh.server.process import Service, Servicer, run
from mesh.sql.databases import opened
from services.kernel.clock import Clock
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.mail_urls import ProviderUrl, SesUrl, SmtpUrl
from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.schema_sql import SCHEMA
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.application.deliveries import Deliveries
from services.notification.application.dispatch import Dispatch
from services.notification.application.intake import Intake
from services.notification.application.notifications import Notifications
from services.notification.application.ports import Contacts, Mailer, Renderer, UnitOfWork
from services.notification.config import Settings
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.sender import Sender
from services.notification.entrypoints.servicer import NotificationServicer
from services.notification.entrypoints.status_by_error import STATUS_BY_ERROR
from shopmesh.notification.v1.notification_service_pb2_grpc import add_NotificationServiceServicer_to_server

_SES_MISSING = (
    "mails by Amazon SES need aiobotocore: install requirements-ses.txt (`make up` does it), or shopmesh[ses]"
)


@dataclass(frozen=True, slots=True)
class Adapters:
    """The notification service's ports, each with the adapter that was chosen."""

    read: UnitOfWork
    write: UnitOfWork
    contacts: Contacts
    renderer: Renderer
    mailers: Sequence[Mailer]


@dataclass(frozen=True, slots=True)
class UseCases:
    """The use cases, wired."""

    deliveries: Deliveries
    intake: Intake
    notifications: Notifications


def wire(adapters: Adapters, *, holder: str, clock: Clock) -> UseCases:
    """Put the use cases on top of the ports; `holder` names who claims deliveries."""
    read, write = adapters.read, adapters.write
    return UseCases(
        deliveries=Deliveries(
            read=read,
            write=write,
            contacts=adapters.contacts,
            renderer=adapters.renderer,
            dispatch=Dispatch(adapters.mailers, write=write, clock=clock),
            holder=holder,
            clock=clock,
        ),
        intake=Intake(clock=clock),
        notifications=Notifications(read=read, write=write),
    )


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    """The service of one process."""
    settings = Settings.of(context.settings)
    async with (
        open_database(settings.database_url) as engine,
        open_event_log(context.settings) as log,
        open_mailers(settings) as mailers,
    ):
        adapters = choose_adapters(context, settings, engine, mailers)
        use_cases = wire(adapters, holder=settings.worker, clock=context.clock)
        inbox = SqlInbox(engine, CONSUMER, context.clock)
        consumer = Consumer(log, CONSUMER, TOPICS, inbox, intake_effect(use_cases.intake, SqlUnit))
        servicer = NotificationServicer(notifications=use_cases.notifications, parking=Parking(consumer))
        yield Service(
            servicers=(Servicer(add_NotificationServiceServicer_to_server, servicer),),
            errors=STATUS_BY_ERROR,
            hard={"notification.sql": partial(sql.is_reachable, engine)},
            soft={
                "notification.event_log": log.is_reachable,
                "notification.mailer": use_cases.deliveries.is_reachable,
            },
            tasks=(consumer.run, Sender(use_cases.deliveries, sql.changes_of(engine)).run),
        )


def choose_adapters(
    context: ServiceContext, settings: Settings, engine: AsyncEngine, mailers: Sequence[Mailer]
) -> Adapters:
    """Choose the adapters."""
    work = SqlUnitOfWork(engine)
    return Adapters(
        read=work.read,
        write=work.write,
        contacts=GrpcContacts(context.channels.to("user")),
        renderer=JinjaRenderer(shop_url=settings.shop_url),
        mailers=mailers,
    )


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
    run("notification", compose)
