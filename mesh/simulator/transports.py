"""How a warehouse system reaches the shop: a gRPC stream, or REST."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import grpc
import httpx
from google.protobuf.json_format import MessageToDict, ParseDict

from mesh.launcher.errors import LaunchError
from shopmesh.inventory.v1.wms_service_pb2 import (
    PushStockUpdatesRequest,
    PushStockUpdatesResponse,
    StartFeedRequest,
    StartFeedResponse,
    StockUpdate,
    StockUpdateAck,
    SyncStockRequest,
    SyncStockResponse,
)
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub

_PATH = "/v1/wms/stock-updates"
_ATTEMPTS = 10
_PAUSE_SECONDS = 1.0
_TRY_AGAIN = frozenset({401, 409, 429, 503, 504})
_BROKEN = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED}
    | {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAUTHENTICATED}
)


class Transport(Protocol):
    """Sends updates and returns their acknowledgements."""

    async def send(self, updates: Sequence[StockUpdate]) -> Sequence[StockUpdateAck]:
        """Send updates, in this order, until each is acknowledged; lost ones are sent again."""
        ...

    async def start_feed(self, request: StartFeedRequest) -> int:
        """Begin a warehouse's feed anew; its epoch."""
        ...


class StreamTransport:
    """A `SyncStock` stream; when it ends, the next one goes on."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = WmsServiceStub(channel)
        self._call: Any = None

    async def send(self, updates: Sequence[StockUpdate]) -> Sequence[StockUpdateAck]:
        return [await self._send_one(update) for update in updates]

    async def start_feed(self, request: StartFeedRequest) -> int:
        return (await self._stub.StartFeed(request)).epoch

    async def close(self) -> None:
        """End the stream in order."""
        if self._call is not None:
            await self._call.done_writing()
            while await self._call.read() is not grpc.aio.EOF:
                continue

    async def _send_one(self, update: StockUpdate) -> StockUpdateAck:
        for attempt in range(_ATTEMPTS):
            try:
                ack = await self._answered(update)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _BROKEN or attempt == _ATTEMPTS - 1:
                    raise
                ack = None
            if ack is not None:
                return ack
            self._call = None
            await asyncio.sleep(_PAUSE_SECONDS)
        raise LaunchError("The shop keeps closing the stream.", "Is the mesh well? shopmesh status")

    async def _answered(self, update: StockUpdate) -> StockUpdateAck | None:
        """The answer; None when the stream ended before it."""
        if self._call is None:
            self._call = self._stub.SyncStock()
        # It may have ended before: what it ended with is read below.
        with suppress(asyncio.InvalidStateError):
            await self._call.write(SyncStockRequest(update=update))
        while isinstance(answer := await self._call.read(), SyncStockResponse):
            if answer.HasField("ack"):
                return answer.ack
        return None


class RestTransport:
    """REST through the front door: all updates in one request."""

    def __init__(self, client: httpx.AsyncClient, token: Callable[[], Awaitable[str]]) -> None:
        self._client = client
        self._token = token
        self._bearer = ""

    async def send(self, updates: Sequence[StockUpdate]) -> Sequence[StockUpdateAck]:
        body = MessageToDict(PushStockUpdatesRequest(updates=updates))
        return ParseDict(await self._answered(_PATH, body), PushStockUpdatesResponse()).acks

    async def start_feed(self, request: StartFeedRequest) -> int:
        body = MessageToDict(request)
        path = f"/v1/wms/feeds/{body.pop('warehouse')}:start"
        return ParseDict(await self._answered(path, body), StartFeedResponse()).epoch

    async def _answered(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._posted(path, body)
        for _ in range(_ATTEMPTS):
            if answer.status_code not in _TRY_AGAIN:
                break
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._bearer = ""
            await asyncio.sleep(_PAUSE_SECONDS)
            answer = await self._posted(path, body)
        if answer.status_code != httpx.codes.OK:
            raise LaunchError(f"The shop refused {path}: {answer.status_code} {answer.text}", "")
        return dict(answer.json())

    async def _posted(self, path: str, body: dict[str, Any]) -> httpx.Response:
        self._bearer = self._bearer or await self._token()
        bearer = {"authorization": f"Bearer {self._bearer}"}
        return await self._client.post(path, json=body, headers=bearer)
