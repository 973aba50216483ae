"""Serves a service's plain HTTP endpoints beside its gRPC port."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

_DRAIN_SECONDS = 5


class PortInUse(Exception):
    """A port that the mesh needs belongs to another process."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use; stop what listens there or set SHOPMESH_PORT_OFFSET")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, draining: asyncio.Event) -> None:
        super().__init__(config)
        self._draining = draining

    async def main_loop(self) -> None:
        """Serve until the process drains; uvicorn itself looks ten times a second whether to go on."""
        await self._draining.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the mesh."""
        yield


async def serve_http(app: Any, port: int, draining: asyncio.Event) -> None:
    """Serve an ASGI application on loopback until the process drains.

    Raises:
        PortInUse: The port is taken.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        # The front proxy says it; kept up to date here it would wake an idle service every second.
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
        limit_concurrency=500,
    )
    with _listening(port) as listener:
        await _Server(config, draining).serve(sockets=[listener])


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUse(port) from error
        yield listener
