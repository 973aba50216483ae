"""The notification service: chooses its adapters and serves."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import open_event_log
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import SqlInbox
from mesh.event_log.inbox.parking import Parking
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer, run
from mesh.sql.databases import opened
from services.kernel.envelope import Envelope
from services.notification.adapters.contacts_grpc import GrpcContacts
from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.adapters.renderer_jinja import JinjaRenderer
from services.notification.adapters.schema_sql import SCHEMA
from services.notification.adapters.unit_of_work_sql import SqlUnit, SqlUnitOfWork
from services.notification.application.deliveries import Deliveries
from services.notification.application.intake import Intake
from services.notification.application.notifications import Notifications
from services.notification.application.ports import Mailer
from services.notification.config import Settings
from services.notification.entrypoints.consumer import CONSUMER, TOPICS, intake_effect
from services.notification.entrypoints.sender import Sender
from services.notification.entrypoints.servicer import NotificationServicer
from services.notification.entrypoints.status_by_error import STATUS_BY_ERROR
from shopmesh.notification.v1.notification_service_pb2_grpc import add_NotificationServiceServicer_to_server


@asynccontextmanager
async def compose(node: ServiceContext) -> AsyncIterator[Service]:
    """Build the service for one process."""
    settings = Settings.from_mesh(node.settings)
    async with open_database(settings.database_url) as engine, open_event_log(node.settings) as log:
        inbox = SqlInbox(engine, CONSUMER, node.clock, decode=Envelope.from_body)
        effect = intake_effect(Intake(clock=node.clock), SqlUnit)
        consumer = Consumer(log, CONSUMER, TOPICS, inbox, effect)
        work = SqlUnitOfWork(engine)
        mailer = _mailer(settings)
        deliveries = Deliveries(
            read=work.read,
            write=work.write,
            contacts=GrpcContacts(node.channels.to("user")),
            renderer=JinjaRenderer(shop_url=settings.shop_url),
            mailer=mailer,
            holder=settings.worker,
            clock=node.clock,
        )
        servicer = NotificationServicer(
            notifications=Notifications(read=work.read, write=work.write), parking=Parking(consumer)
        )
        yield Service(
            servicers=(Servicer(add_NotificationServiceServicer_to_server, servicer),),
            errors=STATUS_BY_ERROR,
            hard={"notification.sql": lambda: sql.is_reachable(engine)},
            soft={"notification.event_log": log.is_reachable, "notification.mailer": mailer.is_reachable},
            tasks=(consumer.run, Sender(deliveries, sql.changes_of(engine)).run),
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
