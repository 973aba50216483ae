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
"""Returns a token for the called service; its exception becomes the call's."""


def outgoing_interceptors(token: TokenSource) -> tuple[grpc.aio.ClientInterceptor, ...]:
    """The interceptors of a channel; grpc wants one object per kind of call."""
    return _Unary(token), _Stream(token), _BothWays(token)


class _Outgoing:
    def __init__(self, token: TokenSource) -> None:
        self._token = token

    async def completed(self, details: Any) -> ClientCallDetails:
        """Add to an outgoing call what the call being answered has."""
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


class _Unary(_Outgoing, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Send the call and note how far its writes got."""
        call = await continuation(await self.completed(client_call_details), request)
        incoming = current_call_or_none()
        if incoming is not None:
            token = (await call.initial_metadata()).get(METADATA_KEY)
            if isinstance(token, str):
                incoming.written.update(decode_token(token))
        return call


class _Stream(_Outgoing, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Open the stream."""
        return await continuation(await self.completed(client_call_details), request)


class _BothWays(_Outgoing, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Open the stream."""
        return await continuation(await self.completed(client_call_details), request_iterator)


def _remaining(asked: float | None) -> float | None:
    incoming = current_call_or_none()
    if incoming is None or incoming.deadline is None:
        return asked
    left = max(0.0, incoming.deadline - asyncio.get_running_loop().time())
    return left if asked is None else min(asked, left)
