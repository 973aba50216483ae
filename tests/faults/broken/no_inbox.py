"""Notification without an inbox: an event has its effect as often as it comes.

The name of a mail, made of order and template, would let the second one go nowhere. It guards against the
same fault and is replaced as well.
"""

from unittest.mock import patch
from uuid import uuid4

from mesh import sql
from mesh.event_log.inbox.inbox import Effect, Outcome, SqlInbox
from mesh.event_log.port import Record
from mesh.server.process import run
from services.kernel.envelope import Envelope
from services.notification import server
from services.notification.domain import delivery


class NoInbox(SqlInbox):
    """Remembers nothing."""

    async def deliver(self, record: Record, effect: Effect) -> Outcome:
        async with sql.write(self._engine) as session:
            await effect(session, Envelope.from_body(record.body))
        return Outcome.HANDLED


def _any_name(_subject_id: str, _template: object) -> str:
    return str(uuid4())


if __name__ == "__main__":
    with patch.object(server, "SqlInbox", NoInbox), patch.object(delivery, "notification_id", _any_name):
        run("notification", server.compose)
