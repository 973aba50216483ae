"""Contacts from the user service."""

from urllib.parse import urlsplit

import grpc

from mesh.messages import timestamp
from services.notification.application.ports import ContactGone, ContactUnavailable
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact
from shopmesh.user.v1.contact_service_pb2 import MailPurpose, PrepareMailRequest
from shopmesh.user.v1.contact_service_pb2_grpc import ContactServiceStub


class GrpcContacts:
    """Asks `ContactService.PrepareMail`, at the moment of sending and never before."""

    def __init__(self, channel: grpc.aio.Channel, *, site: str) -> None:
        """Bind the user service.

        Args:
            channel: To the user service.
            site: Where links lead to, without a slash at its end.
        """
        self._stub = ContactServiceStub(channel)
        self._site = urlsplit(site)

    async def prepare(self, delivery: Delivery) -> Contact:
        request = PrepareMailRequest(
            user_id=delivery.user_id,
            purpose=MailPurpose.Value(f"MAIL_PURPOSE_{delivery.template.purpose.value}"),
            notification_id=delivery.notification_id,
            request_time=timestamp(delivery.create_time),
        )
        try:
            found = await self._stub.PrepareMail(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise ContactGone(f"there is no account {delivery.user_id}") from error
            raise ContactUnavailable(f"the user service answers {error.code().name}") from error
        return Contact(found.email, found.display_name, found.locale, self._at_site(found.link))

    def _at_site(self, link: str) -> str:
        """A link at this service's site: the user service may not have read a new setting yet."""
        if not link:
            return ""
        return urlsplit(link)._replace(scheme=self._site.scheme, netloc=self._site.netloc).geturl()
