"""WatchRevocations over gRPC, and the feed that every service follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import httpx
import pytest

from interceptors.auth.revocations import Revocations, TokenNames
from mesh.messages import timestamp
from mesh.server import revocation_feed
from mesh.server.revocation_feed import RevocationFeed
from shopmesh.stream.v1.stream_pb2 import Closed, Heartbeat
from shopmesh.user.v1 import token_service_pb2 as messages
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.token_service_pb2_grpc import (
    TokenServiceServicer,
    add_TokenServiceServicer_to_server,
)
from tests.component.user.calls import alice, alice_elsewhere, notification
from tests.component.user.conftest import RunningProvider
from tests.support.events import DEADLINE_SECONDS, eventually, running

ISSUED = datetime(2026, 11, 23, 8, tzinfo=UTC)


def now() -> datetime:
    return ISSUED


async def test_what_is_revoked_is_sent_as_soon_as_it_is(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    there = await alice(provider, http)
    here = await alice_elsewhere(provider, http)
    mails = await notification(provider, http)
    async with running(*(task() for task in provider.service.tasks)), asyncio.timeout(DEADLINE_SECONDS):
        stream = mails.tokens.WatchRevocations(messages.WatchRevocationsRequest(), metadata=mails.metadata)
        change = pb.ChangePasswordRequest(
            current_password=provider.password_of("alice"), new_password="another good one"
        )
        await here.stub.ChangePassword(change, metadata=here.metadata)

        message = await stream.read()

        assert isinstance(message, messages.WatchRevocationsResponse)
        assert [each.sid for each in message.page.revocations] == [there.sid]
        assert message.page.next_page_token
        stream.cancel()


class UserService(TokenServiceServicer):
    """What the feed asks: a list that grows, and a stream that may be missing, silent or short.

    Attributes:
        revoked: The ids of tokens, oldest first.
        may_be_watched: Whether there is a stream.
        asked: The page tokens that came, with the name of the method.
        streams: What is sent over the stream that is open.
    """

    def __init__(self) -> None:
        self.revoked: list[str] = []
        self.may_be_watched = True
        self.asked: list[tuple[str, str]] = []
        self.stream: asyncio.Queue[messages.WatchRevocationsResponse] = asyncio.Queue()

    def page(self, page_token: str) -> messages.ListRevocationsResponse:
        start = int(page_token or 0)
        return messages.ListRevocationsResponse(
            revocations=[
                messages.Revocation(
                    token_id=each,
                    revoke_time=timestamp(ISSUED),
                    expire_time=timestamp(ISSUED + timedelta(minutes=5)),
                )
                for each in self.revoked[start:]
            ],
            next_page_token=str(len(self.revoked)),
        )

    def revoke(self, token_id: str) -> None:
        place = str(len(self.revoked))
        self.revoked.append(token_id)
        self.stream.put_nowait(messages.WatchRevocationsResponse(page=self.page(place)))

    def end(self) -> None:
        self.stream.put_nowait(messages.WatchRevocationsResponse(closed=Closed()))

    async def ListRevocations(
        self, request: messages.ListRevocationsRequest, context: Any
    ) -> messages.ListRevocationsResponse:
        self.asked.append(("List", request.page_token))
        return self.page(request.page_token)

    async def WatchRevocations(
        self, request: messages.WatchRevocationsRequest, context: Any
    ) -> AsyncIterator[messages.WatchRevocationsResponse]:
        self.asked.append(("Watch", request.start_page_token))
        if not self.may_be_watched:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "an older version")
        while True:
            message = await self.stream.get()
            yield message
            if message.HasField("closed"):
                return

    def watched_from(self, place: str) -> Callable[[], bool]:
        return lambda: self.asked[-1:] == [("Watch", place)]


@asynccontextmanager
async def followed(user: UserService) -> AsyncIterator[Revocations]:
    """A service's list, kept up to date."""
    server, revocations = grpc.aio.server(), Revocations()
    add_TokenServiceServicer_to_server(user, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        running(RevocationFeed(revocations, channel, now).run()),
    ):
        yield revocations
    await server.stop(None)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_feed, "_RETRY_SECONDS", 0.01)


async def until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await eventually(holds)


def is_revoked(revocations: Revocations, token_id: str) -> Callable[[], bool]:
    return lambda: revocations.is_revoked(TokenNames(token_id, "here", "cli", "alice", ISSUED))


async def test_the_feed_knows_what_was_revoked_before_and_hears_what_is_revoked_then() -> None:
    user = UserService()
    user.revoked = ["before"]
    async with followed(user) as revocations:
        await until(user.watched_from("1"))
        assert is_revoked(revocations, "before")()
        user.revoke("then")
        await until(is_revoked(revocations, "then"))
    assert user.asked == [("List", ""), ("List", "1"), ("Watch", "1")]


async def test_the_feed_goes_on_behind_what_it_knows_when_a_stream_ends(soon: None) -> None:
    user = UserService()
    async with followed(user) as revocations:
        user.revoke("first")
        await until(is_revoked(revocations, "first"))
        user.end()
        user.revoke("second")
        await until(is_revoked(revocations, "second"))
        await until(user.watched_from("2"))
    assert ("List", "") not in user.asked[1:]
    assert user.asked[-1] == ("Watch", "2")


async def test_without_a_stream_the_feed_asks_again_and_again(soon: None) -> None:
    user = UserService()
    user.may_be_watched = False
    async with followed(user) as revocations:
        await until(lambda: ("Watch", "") in user.asked)
        user.revoked.append("later")
        await until(is_revoked(revocations, "later"))


async def test_a_stream_that_falls_silent_is_opened_anew(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_feed, "_LONGEST_SILENCE_SECONDS", 0.05)
    user = UserService()
    async with followed(user):
        await until(lambda: user.asked.count(("Watch", "")) >= 2)


async def test_a_heartbeat_is_no_news_and_no_silence() -> None:
    user = UserService()
    user.stream.put_nowait(messages.WatchRevocationsResponse(heartbeat=Heartbeat()))
    async with followed(user) as revocations:
        user.revoke("then")
        await until(is_revoked(revocations, "then"))
