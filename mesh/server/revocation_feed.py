"""Keeps a service's list of revoked tokens up to date."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import grpc

from interceptors.auth.revocations import Revocations
from mesh.messages import time_of
from shopmesh.user.v1 import token_service_pb2 as messages
from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceStub

if TYPE_CHECKING:
    from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceAsyncStub

_RETRY_SECONDS = 2.0
_LONGEST_SILENCE_SECONDS = 5.0


class RevocationFeed:
    """Asks the user service what was revoked, and then watches it.

    While it cannot be watched it is asked every two seconds. While it cannot be asked, nothing new is known:
    tokens live on until they expire.
    """

    def __init__(
        self, revocations: Revocations, channel: grpc.aio.Channel, clock: Callable[[], datetime]
    ) -> None:
        self._revocations = revocations
        self._stub: TokenServiceAsyncStub = TokenServiceStub(channel)
        self._clock = clock
        self._page_token = ""

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(grpc.aio.AioRpcError, TimeoutError):
                await self._catch_up()
                await self._watch()
            self._revocations.forget_expired(self._clock())
            await asyncio.sleep(_RETRY_SECONDS)

    async def _catch_up(self) -> None:
        while True:
            request = messages.ListRevocationsRequest(page_token=self._page_token)
            page = await self._stub.ListRevocations(request)
            self._apply(page)
            if not page.revocations:
                return

    async def _watch(self) -> None:
        stream = self._stub.WatchRevocations(
            messages.WatchRevocationsRequest(start_page_token=self._page_token)
        )
        try:
            while True:
                async with asyncio.timeout(_LONGEST_SILENCE_SECONDS):
                    message = await stream.read()
                if not isinstance(message, messages.WatchRevocationsResponse) or message.HasField("closed"):
                    return
                self._apply(message.page)
                self._revocations.forget_expired(self._clock())
        finally:
            stream.cancel()

    def _apply(self, page: messages.ListRevocationsResponse) -> None:
        for revocation in page.revocations:
            self._revoke(revocation)
        if page.revocations:
            self._page_token = page.next_page_token

    def _revoke(self, revocation: messages.Revocation) -> None:
        known, expire_time = self._revocations, time_of(revocation.expire_time)
        before = time_of(revocation.revoke_time)
        if revocation.token_id:
            known.revoke_token(revocation.token_id, expire_time=expire_time)
        elif revocation.sid:
            known.revoke_session(revocation.sid, expire_time=expire_time)
        elif revocation.client_id:
            known.revoke_client(revocation.client_id, issued_before=before, expire_time=expire_time)
        else:
            known.revoke_subject(revocation.subject, issued_before=before, expire_time=expire_time)
