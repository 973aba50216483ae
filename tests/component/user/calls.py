"""Calls of the user service with tokens from its own provider."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
import httpx
from joserfc.jws import extract_compact

from mesh.messages import timestamp
from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import token_service_pb2 as token_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.contact_service_pb2_grpc import ContactServiceStub
from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceStub
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow
from tests.support.minting import bearer
from tests.support.serving import reason_of

if TYPE_CHECKING:
    from shopmesh.user.v1.contact_service_pb2_grpc import ContactServiceAsyncStub
    from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceAsyncStub
    from shopmesh.user.v1.user_service_pb2_grpc import UserServiceAsyncStub

PASSWORD = "a horse, a battery"


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    stub: "UserServiceAsyncStub"
    tokens: dict[str, Any]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return bearer(self.tokens["access_token"])

    @property
    def sid(self) -> str:
        payload = extract_compact(self.tokens["access_token"].encode()).payload
        return str(json.loads(payload)["sid"])

    async def user(self) -> pb.User:
        return (await self.stub.GetUser(pb.GetUserRequest(), metadata=self.metadata)).user


async def logged_in(provider: RunningProvider, http: httpx.AsyncClient, email: str, password: str) -> Person:
    return Person(UserServiceStub(provider.channel), await Flow(http).tokens(email, password))


async def alice_elsewhere(provider: RunningProvider, http: httpx.AsyncClient) -> Person:
    """Alice in another browser."""
    http.cookies.clear()
    return await alice(provider, http)


async def alice(provider: RunningProvider, http: httpx.AsyncClient) -> Person:
    return await logged_in(provider, http, "alice@example.com", provider.password_of("alice"))


async def admin(provider: RunningProvider, http: httpx.AsyncClient) -> Person:
    return await logged_in(provider, http, "admin@example.com", provider.password_of("admin"))


async def register(provider: RunningProvider, email: str) -> pb.RegisterUserResponse:
    return await UserServiceStub(provider.channel).RegisterUser(pb.RegisterUserRequest(email=email))


@dataclass(frozen=True)
class Notification:
    """The notification service, as far as the user service sees it."""

    contacts: "ContactServiceAsyncStub"
    tokens: "TokenServiceAsyncStub"
    metadata: tuple[tuple[str, str], ...]
    clock: Callable[[], datetime]

    async def prepare(
        self,
        user_id: str,
        purpose: contact_pb.MailPurpose.ValueType,
        *,
        mail: str | None = None,
        asked: datetime | None = None,
    ) -> contact_pb.PrepareMailResponse:
        """Prepare a mail that was asked for at a time, by default a new one that is asked for now."""
        request = contact_pb.PrepareMailRequest(
            user_id=user_id,
            purpose=purpose,
            notification_id=mail or str(uuid4()),
            request_time=timestamp(asked or self.clock()),
        )
        return await self.contacts.PrepareMail(request, metadata=self.metadata)

    async def revocations(self) -> Sequence[token_pb.Revocation]:
        request = token_pb.ListRevocationsRequest()
        return (await self.tokens.ListRevocations(request, metadata=self.metadata)).revocations

    async def link_token(
        self,
        user_id: str,
        purpose: contact_pb.MailPurpose.ValueType,
        *,
        mail: str | None = None,
        asked: datetime | None = None,
    ) -> str:
        prepared = await self.prepare(user_id, purpose, mail=mail, asked=asked)
        return prepared.link.partition("?token=")[2]


async def notification(provider: RunningProvider, http: httpx.AsyncClient) -> Notification:
    answer = await http.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials", "audience": "user"},
        auth=("notification", provider.secret_of("notification")),
    )
    return Notification(
        ContactServiceStub(provider.channel),
        TokenServiceStub(provider.channel),
        bearer(answer.json()["access_token"]),
        provider.clock,
    )


async def verify(provider: RunningProvider, token: str, password: str = PASSWORD) -> None:
    request = pb.VerifyEmailRequest(token=token, password=password, display_name="Carol")
    await UserServiceStub(provider.channel).VerifyEmail(request)


async def used(provider: RunningProvider, token: str, purpose: "contact_pb.MailPurpose.ValueType") -> str:
    """Use a link; why it is refused, empty where it is not."""
    stub = UserServiceStub(provider.channel)
    try:
        if purpose == contact_pb.MAIL_PURPOSE_VERIFY_EMAIL:
            await verify(provider, token)
        else:
            await stub.ResetPassword(pb.ResetPasswordRequest(token=token, new_password=PASSWORD))
    except grpc.aio.AioRpcError as refused:
        return reason_of(refused)
    return ""
