"""The client side of the chain: token, trace, what remains of the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc.aio import ClientCallDetails, Metadata

from interceptors.call import current_call_or_none
from interceptors.consistency import METADATA_KEY, decode_token, encode_token
from interceptors.tracing import current_traceparent

TokenSource = Callable[[], Awaitable[str]]
"""Returns a token for the called service, or raises `TokenUnavailable`."""


class TokenUnavailable(Exception):
    """No token could be had; the call counts as "peer silent"."""


class OutgoingInterceptor(grpc.aio.UnaryUnaryClientInterceptor, grpc.aio.UnaryStreamClientInterceptor):
    """Adds to each outgoing call what the call being answered has."""

    def __init__(self, *, token: TokenSource) -> None:
        self._token = token

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Send a unary call and note how far its writes got."""
        call = await continuation(await self._completed(client_call_details), request)
        incoming = current_call_or_none()
        if incoming is not None:
            token = (await call.initial_metadata()).get(METADATA_KEY)
            if isinstance(token, str):
                incoming.written.update(decode_token(token))
        return call

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Open a stream."""
        return await continuation(await self._completed(client_call_details), request)

    async def _completed(self, details: Any) -> ClientCallDetails:
        metadata = Metadata(*(details.metadata or ()))
        metadata["authorization"] = f"Bearer {await self._token()}"
        traceparent = current_traceparent()
        if traceparent:
            metadata["traceparent"] = traceparent
        incoming = current_call_or_none()
        if incoming is not None and incoming.required:
            metadata[METADATA_KEY] = encode_token(incoming.required)
        return ClientCallDetails(
            details.method, _remaining(details.timeout), metadata, details.credentials, details.wait_for_ready
        )


def _remaining(asked: float | None) -> float | None:
    incoming = current_call_or_none()
    if incoming is None or incoming.deadline is None:
        return asked
    left = max(0.0, incoming.deadline - asyncio.get_running_loop().time())
    return left if asked is None else min(asked, left)
