"""The home of one measured service: keys for tokens, generous limits, ports of its own."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from bench.cores import MEASURED
from bench.processes import Process, started
from interceptors.rate_limit.limits import load_limits
from mesh.contract import load_contract
from mesh.settings import MeshSettings
from mesh.sql.databases import database_url
from mesh.topology import ENVOY_PORT, grpc_port
from tests.support.minting import Mint
from tests.support.ports import free_offset
from tests.support.real_sql import fresh_prefix

SPAN_RATIO = "0.1"
_READY_SECONDS = 30.0
_TOKEN_SECONDS = 3600
_UNLIMITED = {"rate_per_minute": 100_000_000, "burst": 100_000_000}


def write_unlimited(file: Path) -> None:
    """Write a limits file that nothing here reaches."""
    classes = load_limits(load_contract(), None)
    file.write_text(json.dumps({"classes": dict.fromkeys(classes, _UNLIMITED)}))


@dataclass(frozen=True, slots=True)
class Instance:
    """Where a measured service finds what the launcher would give it."""

    folder: Path
    port_offset: int
    mint: Mint
    mysql_url: str | None = None

    @classmethod
    def made(cls, folder: Path, *, mysql: str | None = None) -> "Instance":
        """Make a home with a key of its own, and limits that nothing here reaches.

        Args:
            folder: Its own.
            mysql: URL of the server on which it gets databases of its own; None: SQLite files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        home = cls(folder, free_offset(), Mint(folder), mysql and f"{mysql}/{fresh_prefix()}")
        home.mint.publish()
        write_unlimited(folder / "limits.json")
        return home

    @property
    def settings(self) -> MeshSettings:
        return MeshSettings(home=self.folder, port_offset=self.port_offset, mysql_url=self.mysql_url)

    @property
    def database_url(self) -> str:
        """Inventory's database."""
        return database_url(self.settings, "inventory")

    def environ(self, worker: int = 0, workers: int = 1) -> Mapping[str, str]:
        return {
            "SHOPMESH_HOME": str(self.folder),
            "SHOPMESH_PORT_OFFSET": str(self.port_offset),
            "SHOPMESH_LIMITS_FILE": str(self.folder / "limits.json"),
            "SHOPMESH_WORKER": str(worker),
            "SHOPMESH_WORKERS": str(workers),
            **({"SHOPMESH_MYSQL_URL": self.mysql_url} if self.mysql_url else {}),
            "OTEL_TRACES_SAMPLER_ARG": SPAN_RATIO,
        }

    def address(self, service: str, worker: int = 0) -> str:
        return f"127.0.0.1:{grpc_port(service, worker, self.port_offset)}"

    def user_token(self) -> str:
        """A user's, as the front proxy hands it on."""
        return self.mint.user(**self._claims)

    def staff_token(self, *scopes: str) -> str:
        """A user's who may more."""
        return self.mint.user("staff", *scopes, **self._claims)

    def service_token(self, client: str, audience: str) -> str:
        """One with which a service of the mesh calls another."""
        return self.mint.token(sub=client, client_id=client, aud=f"shopmesh-{audience}", **self._claims)

    @property
    def _claims(self) -> Mapping[str, Any]:
        issuer = f"http://localhost:{ENVOY_PORT + self.port_offset}"
        return {"iss": issuer, "exp": int(time.time()) + _TOKEN_SECONDS}


@asynccontextmanager
async def serving(
    home: Instance,
    module: str,
    *arguments: str,
    service: str = "inventory",
    core: int | None = MEASURED,
    worker: int = 0,
    workers: int = 1,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Process]:
    """Run a module that serves `service`, until it accepts calls and to the end."""
    command = (sys.executable, "-m", module, *arguments)
    log = home.folder / f"{module}-{worker}.log"
    variables = {**home.environ(worker, workers), **(environ or {})}
    async with started(command, core=core, log=log, environ=variables) as process:
        await _until_ready(home.address(service, worker), log)
        yield process


async def _until_ready(address: str, log: Path) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await channel.channel_ready()
        except TimeoutError:
            raise NotReady(log) from None


class NotReady(Exception):
    """A measured process does not serve."""

    def __init__(self, log: Path) -> None:
        super().__init__(f"not ready after {_READY_SECONDS:.0f} s: {log.read_text()[-500:]}")
