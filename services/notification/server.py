"""The notification service: chooses adapters and puts the parts together."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from mesh.sql.databases import opened
from services.kernel.clock import Clock
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.schema_sql import SCHEMA
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.application.deliveries import Deliveries
from services.notification.application.intake import Intake
from services.notification.application.notifications import Notifications
from services.notification.application.ports import Contacts, Mailer, Renderer, UnitOfWork
from services.notification.config import Settings
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.sender import Sender
from services.notification.entrypoints.servicer import NotificationServicer
from services.notification.entrypoints.status_by_error import STATUS_BY_ERROR
from shopmesh.notification.v1.notification_service_pb2_grpc import add_NotificationServiceServicer_to_server


@dataclass(frozen=True, slots=True)
class Adapters:
    """The notification service's ports, each with the adapter that was chosen."""

    read: UnitOfWork
    write: UnitOfWork
    contacts: Contacts
    renderer: Renderer
    mailer: Mailer


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
            mailer=adapters.mailer,
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
    async with open_database(settings.database_url) as engine, open_event_log(context.settings) as log:
        adapters = choose_adapters(context, settings, engine)
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
                "notification.mailer": adapters.mailer.is_reachable,
            },
            tasks=(consumer.run, Sender(use_cases.deliveries, sql.changes_of(engine)).run),
        )


def choose_adapters(context: ServiceContext, settings: Settings, engine: AsyncEngine) -> Adapters:
    """Choose the adapters."""
    work = SqlUnitOfWork(engine)
    return Adapters(
        read=work.read,
        write=work.write,
        contacts=GrpcContacts(context.channels.to("user")),
        renderer=JinjaRenderer(shop_url=settings.shop_url),
        mailer=_mailer(settings),
    )


def open_database(url: str) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open the database, with every table in it.

    Whether a mail is still to be sent, to an account that may be erased meanwhile, is decided by one writer
    at a time.
    """
    return opened(url, SCHEMA, serialize_writes=True)


def _mailer(settings: Settings) -> Mailer:
    if settings.mail_server is not None:
        return SmtpMailer(settings.mail_server)
    return FolderMailer(settings.mail_folder)


if __name__ == "__main__":
    run("notification", compose)
