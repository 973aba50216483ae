"""The client side of the chain: token, trace, what remains of the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc
from grpc.aio import ClientCallDetails, Metadata

from interceptors.core.call import current_call_or_none
from interceptors.core.consistency_token import METADATA_KEY, decode_token, encode_token
from interceptors.core.trace_context import current_traceparent

TokenSource = Callable[[], Awaitable[str]]
"""Returns a token for the called service; its exception becomes the call's."""


def outgoing_interceptors(
    token: TokenSource, refused: Callable[[str], None] = lambda _token: None
) -> tuple[grpc.aio.ClientInterceptor, ...]:
    """The interceptors of a channel; grpc wants one object per kind of call.

    Args:
        token: for each call.
        refused: gets the token of a call that ended UNAUTHENTICATED.
    """
    return _Unary(token, refused), _Stream(token, refused), _BothWays(token, refused)


class _Outgoing:
    def __init__(self, token: TokenSource, refused: Callable[[str], None]) -> None:
        self._token = token
        self._refused = refused
        self._ending: set[asyncio.Task[None]] = set()

    async def send(self, continuation: Any, details: Any, request: Any) -> tuple[Any, str]:
        """Send an outgoing call with what the call being answered has; the call, and its token."""
        token = await self._token()
        return await continuation(self._completed(details, token), request), token

    async def open(self, continuation: Any, details: Any, request: Any) -> Any:
        """The same for a stream, whose end is noted when it comes."""
        call, token = await self.send(continuation, details, request)
        call.add_done_callback(partial(self._ended, token))
        return call

    def _ended(self, token: str, call: Any) -> None:
        ending = asyncio.create_task(self.note_end(call, token))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def note_end(self, call: Any, token: str) -> None:
        """Note whether a call was refused for its token, once it has ended."""
        if await call.code() is grpc.StatusCode.UNAUTHENTICATED:
            self._refused(token)

    def _completed(self, details: Any, token: str) -> ClientCallDetails:
        metadata = Metadata(*(details.metadata or ()))
        metadata["authorization"] = f"Bearer {token}"
        traceparent = current_traceparent()
        if traceparent:
            metadata["traceparent"] = traceparent
        incoming = current_call_or_none()
        if incoming is not None and incoming.min_read_positions:
            metadata[METADATA_KEY] = encode_token(incoming.min_read_positions)
        return ClientCallDetails(
            details.method, _remaining(details.timeout), metadata, details.credentials, details.wait_for_ready
        )


class _Unary(_Outgoing, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Send the call and note how far its writes got."""
        call, token = await self.send(continuation, client_call_details, request)
        try:
            await self.note_end(call, token)
        except asyncio.CancelledError:
            call.cancel()
            raise
        incoming = current_call_or_none()
        if incoming is not None:
            token = (await call.initial_metadata()).get(METADATA_KEY)
            if isinstance(token, str):
                incoming.write_positions.update(decode_token(token))
        return call


class _Stream(_Outgoing, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Open the stream."""
        return await self.open(continuation, client_call_details, request)


class _BothWays(_Outgoing, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Any, client_call_details: Any, request_iterator: Any
    ) -> Any:
        """Open the stream."""
        return await self.open(continuation, client_call_details, request_iterator)


def _remaining(asked: float | None) -> float | None:
    incoming = current_call_or_none()
    if incoming is None or incoming.deadline is None:
        return asked
    left = max(0.0, incoming.deadline - asyncio.get_running_loop().time())
    return left if asked is None else min(asked, left)
