"""A server that requests several calls ahead.

grpc.aio requests one call at a time, so each accepted call costs a round trip between its two threads,
however many calls are waiting (docs/decisions/0016). This module uses private parts of grpc, those of the
locked version.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]

PREFETCHED_CALLS = 16


class PrefetchingServer(cygrpc.AioServer):  # type: ignore[misc] # grpc's part in Cython has no types
    """Asks for several calls ahead, and hands them one by one to the loop of grpc that answers them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *arguments: Any) -> None:
        self._event_loop = loop
        self._handlers: list[grpc.GenericRpcHandler] = []
        self._ahead: deque[asyncio.Task[Any]] = deque()
        self._last: set[asyncio.Task[None]] = set()
        super().__init__(loop, *arguments)

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self._handlers.extend(handlers)
        super().add_generic_rpc_handlers(handlers)

    async def _request_call(self) -> Any:
        while True:
            while len(self._ahead) < PREFETCHED_CALLS:
                self._ahead.append(self._event_loop.create_task(super()._request_call()))
            try:
                return await self._ahead.popleft()
            except cygrpc._RequestCallError:
                if not self.is_running():
                    raise

    async def _server_main_loop(self, started: asyncio.Future[bool]) -> None:
        """Answer calls until the server stops, and then those that it has accepted ahead."""
        with suppress(cygrpc._RequestCallError):
            await super()._server_main_loop(started)
        for accepted in self._ahead:
            with suppress(cygrpc._RequestCallError):
                self._answer(await accepted)

    def _answer(self, call: Any) -> None:
        answering = cygrpc._handle_rpc(self._handlers, (), call, self._event_loop, False)
        task = self._event_loop.create_task(cygrpc._schedule_rpc_coro(answering, call, self._event_loop))
        self._last.add(task)
        task.add_done_callback(self._last.discard)


def server_accepting_ahead(**arguments: Any) -> grpc.aio.Server:
    """A `grpc.aio.server`, made of the same arguments."""
    plain = cygrpc.AioServer
    cygrpc.AioServer = PrefetchingServer
    try:
        return grpc.aio.server(**arguments)
    finally:
        cygrpc.AioServer = plain
