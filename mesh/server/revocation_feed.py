"""Keeps a service's list of revoked tokens up to date."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import grpc

from interceptors.auth.revocations import Revocations
from mesh.messages import time_of
from shopmesh.user.v1 import token_service_pb2
from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceStub

if TYPE_CHECKING:
    from shopmesh.user.v1.token_service_pb2_grpc import TokenServiceAsyncStub

_INTERVAL_SECONDS = 2.0


async def feed_revocations(
    revocations: Revocations, channel: grpc.aio.Channel, clock: Callable[[], datetime]
) -> None:
    """Ask the user service every two seconds, until cancelled.

    While it cannot be asked, nothing new is known: tokens live on until they expire.
    """
    stub = TokenServiceStub(channel)
    token = ""
    while True:
        with suppress(grpc.aio.AioRpcError):
            token = await _catch_up(stub, revocations, token)
        revocations.forget_expired(clock())
        await asyncio.sleep(_INTERVAL_SECONDS)


async def _catch_up(stub: "TokenServiceAsyncStub", revocations: Revocations, token: str) -> str:
    while True:
        answer = await stub.ListRevocations(token_service_pb2.ListRevocationsRequest(page_token=token))
        for revocation in answer.revocations:
            _apply(revocations, revocation)
        if not answer.revocations:
            return token
        token = answer.next_page_token


def _apply(revocations: Revocations, revocation: token_service_pb2.Revocation) -> None:
    expire_time = time_of(revocation.expire_time)
    if revocation.token_id:
        revocations.revoke_token(revocation.token_id, expire_time=expire_time)
    else:
        revocations.revoke_subject(
            revocation.subject, issued_before=time_of(revocation.revoke_time), expire_time=expire_time
        )
