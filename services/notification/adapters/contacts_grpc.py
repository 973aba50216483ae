"""Contacts from the user service."""

import grpc

from services.notification.application.ports import ContactGone, ContactUnavailable
from services.notification.domain.message import Contact
from services.notification.domain.template import Purpose
from shopmesh.user.v1.contact_service_pb2 import MailPurpose, PrepareMailRequest
from shopmesh.user.v1.contact_service_pb2_grpc import ContactServiceStub


class GrpcContacts:
    """Asks `ContactService.PrepareMail`, at the moment of sending and never before."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ContactServiceStub(channel)

    async def prepare(self, user_id: str, purpose: Purpose) -> Contact:
        wanted = MailPurpose.Value(f"MAIL_PURPOSE_{purpose.value}")
        try:
            found = await self._stub.PrepareMail(PrepareMailRequest(user_id=user_id, purpose=wanted))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise ContactGone(f"there is no account {user_id}") from error
            raise ContactUnavailable(f"the user service answers {error.code().name}") from error
        return Contact(found.email, found.display_name, found.locale, found.link)
