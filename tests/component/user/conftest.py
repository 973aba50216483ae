"""The user service as it is composed, with its HTTP on a port that was free."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from mesh.contract import load_contract
from mesh.node import Node
from mesh.server import Service, open_node
from mesh.settings import MeshSettings
from services.kernel.clock import system_clock
from services.user.seed import seed
from services.user.server import compose


@dataclass
class AdjustableClock:
    """The time, and how far a test has turned it on."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def turn_on(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@dataclass(frozen=True)
class RunningProvider:
    """The service, its HTTP address, and the demo accounts."""

    url: str
    node: Node
    service: Service
    clock: AdjustableClock

    @property
    def settings(self) -> MeshSettings:
        return self.node.settings

    def password_of(self, name: str) -> str:
        credentials = json.loads((self.settings.home / "credentials.json").read_text())
        return str(credentials[name]["password"])

    def secret_of(self, client: str) -> str:
        return self.settings.client_secret(client).read_text().strip()


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[RunningProvider]:
    settings = MeshSettings(home=tmp_path)
    await seed(settings)
    clock = AdjustableClock()
    async with open_node("user", settings, load_contract()) as node:
        node = with_clock(node, clock)
        async with compose(node) as service, served(service.http) as url:
            yield RunningProvider(url, node, service, clock)


@pytest.fixture
async def http(provider: RunningProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=provider.url, trust_env=False, timeout=30) as client:
        yield client


def with_clock(node: Node, clock: Callable[[], datetime]) -> Node:
    return Node(
        service=node.service,
        settings=node.settings,
        contract=node.contract,
        limits=node.limits,
        limiter=node.limiter,
        channels=node.channels,
        draining=node.draining,
        clock=clock,
    )


@asynccontextmanager
async def served(app: object) -> AsyncIterator[str]:
    """Serve an ASGI application on a real socket."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
