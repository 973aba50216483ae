"""`shopmesh.user.v1.ContactService` and `TokenService`: for the other services of the mesh."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from mesh.messages import time_of, timestamp
from mesh.server.streams import watch
from services.kernel.clock import Clock
from services.kernel.paging import decode_position, encode_position
from services.user.application.accounts import Accounts, AccountState
from services.user.application.contacts import Contacts
from services.user.application.revocations import Revocations
from services.user.domain.events import MailPurpose
from services.user.domain.grant import Revocation
from shopmesh.stream.v1.stream_pb2 import Closed, Heartbeat
from shopmesh.user.v1 import (
    contact_service_pb2,
    contact_service_pb2_grpc,
    token_service_pb2,
    token_service_pb2_grpc,
)

_REVOCATIONS = "revocations"
_HEARTBEAT_SECONDS = 3.5
"""Five seconds of silence mean a worker that hangs: others know what was revoked since."""
_PREFIX = "MAIL_PURPOSE_"
_STATES = {
    AccountState.ACTIVE: contact_service_pb2.ACCOUNT_STATE_ACTIVE,
    AccountState.ERASED: contact_service_pb2.ACCOUNT_STATE_ERASED,
    AccountState.UNKNOWN: contact_service_pb2.ACCOUNT_STATE_UNKNOWN,
}


class ContactServicer(contact_service_pb2_grpc.ContactServiceServicer):
    """Contact data for mails."""

    def __init__(self, *, contacts: Contacts, accounts: Accounts) -> None:
        self._contacts = contacts
        self._accounts = accounts

    async def PrepareMail(
        self, request: contact_service_pb2.PrepareMailRequest, context: Any
    ) -> contact_service_pb2.PrepareMailResponse:
        contact = await self._contacts.prepare(
            request.user_id,
            _purpose(request.purpose),
            request_time=time_of(request.request_time),
        )
        return contact_service_pb2.PrepareMailResponse(
            email=contact.email, display_name=contact.display_name, locale=contact.locale, link=contact.link
        )

    async def GetAccountState(
        self, request: contact_service_pb2.GetAccountStateRequest, context: Any
    ) -> contact_service_pb2.GetAccountStateResponse:
        state = await self._accounts.state(request.user_id)
        return contact_service_pb2.GetAccountStateResponse(state=_STATES[state])


class TokenServicer(token_service_pb2_grpc.TokenServiceServicer):
    """Revocations of access tokens."""

    def __init__(self, revocations: Revocations, *, draining: asyncio.Event, clock: Clock) -> None:
        self._revocations = revocations
        self._draining = draining
        self._clock = clock

    async def ListRevocations(
        self, request: token_service_pb2.ListRevocationsRequest, context: Any
    ) -> token_service_pb2.ListRevocationsResponse:
        after = decode_position(request.page_token, filters=_REVOCATIONS)
        return _page(*await self._revocations.after(after))

    async def WatchRevocations(
        self, request: token_service_pb2.WatchRevocationsRequest, context: Any
    ) -> AsyncIterator[token_service_pb2.WatchRevocationsResponse]:
        after = decode_position(request.start_page_token, filters=_REVOCATIONS)
        pages = self._revocations.watch(after)
        async for event in watch(
            pages,
            expire_time=None,
            draining=self._draining,
            clock=self._clock,
            heartbeat_seconds=_HEARTBEAT_SECONDS,
        ):
            match event:
                case Heartbeat():
                    yield token_service_pb2.WatchRevocationsResponse(heartbeat=event)
                case Closed():
                    yield token_service_pb2.WatchRevocationsResponse(closed=event)
                case (found, last):
                    yield token_service_pb2.WatchRevocationsResponse(page=_page(found, last))


def _purpose(purpose: contact_service_pb2.MailPurpose.ValueType) -> MailPurpose:
    return MailPurpose(contact_service_pb2.MailPurpose.Name(purpose).removeprefix(_PREFIX))


def _page(found: Sequence[Revocation], last: int) -> token_service_pb2.ListRevocationsResponse:
    return token_service_pb2.ListRevocationsResponse(
        revocations=[_message(revocation) for revocation in found],
        next_page_token=encode_position(last, filters=_REVOCATIONS),
    )


def _message(revocation: Revocation) -> token_service_pb2.Revocation:
    return token_service_pb2.Revocation(
        token_id=revocation.token_id,
        sid=revocation.sid,
        client_id=revocation.client_id,
        subject=revocation.subject,
        revoke_time=timestamp(revocation.revoke_time),
        expire_time=timestamp(revocation.expire_time),
    )
