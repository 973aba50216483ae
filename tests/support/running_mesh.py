"""A whole mesh for tests: the shipped command line, ports and state of its own."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from mesh.cli.login.known_devices import KnownDevices
from mesh.cli.login.oauth import Account, token_of_account, token_of_client
from mesh.client.direct import certificates
from mesh.launcher.status import status_of
from mesh.settings import MeshSettings
from mesh.topology import ENVOY_PORT, grpc_port, metrics_port
from tests.support.ports import leased_offset

SHOPMESH = Path(sys.executable).with_name("shopmesh")
T = TypeVar("T")
_UP_SECONDS = 180
_GENEROUS = {
    name: {"rate_per_minute": 1_000_000, "burst": 100_000}
    for name in (
        "edge",
        "read",
        "write",
        "browse",
        "stream",
        "admin",
        "authorize",
        "token",
        "password",
        "credentials",
        "pages",
    )
}


@dataclass(frozen=True, slots=True)
class RunningMesh:
    """A mesh that is up.

    Attributes:
        home: Its state.
        port_offset: Added to every port.
        variables: Its environment beside the usual.
    """

    home: Path
    port_offset: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the front proxy listens."""
        return f"http://localhost:{ENVOY_PORT + self.port_offset}"

    def grpc(self, service: str, worker: int = 0) -> str:
        """The address of a service's gRPC port."""
        return f"127.0.0.1:{grpc_port(service, worker, self.port_offset)}"

    def metrics(self, service: str, worker: int = 0) -> str:
        """Where a service's metrics are."""
        return f"http://127.0.0.1:{metrics_port(service, worker, self.port_offset)}/metrics"

    def run(
        self,
        *arguments: str,
        check: bool = True,
        answer: str = "",
        program: Sequence[str] = (str(SHOPMESH),),
        patience_seconds: float = _UP_SECONDS,
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command line against this mesh; `answer` is typed at its prompt."""
        environ = {
            **os.environ,
            "SHOPMESH_HOME": str(self.home),
            "SHOPMESH_PORT_OFFSET": str(self.port_offset),
            **self.variables,
        }
        done = subprocess.run(
            (*program, *arguments),
            env=environ,
            input=answer or None,
            start_new_session=bool(answer),
            capture_output=True,
            text=True,
            timeout=patience_seconds,
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"shopmesh {' '.join(arguments)}: {done.stdout}{done.stderr}"
        )
        return done

    def token(self, name: str, *scopes: str, password: str = "") -> str:
        """A token of a demo account, or of an address with its password, from the real flow."""
        account = Account(name, password) if password else Account(**self.credentials()[name])
        devices = KnownDevices(self.home / "cli-devices.txt")
        return _result(token_of_account(self.url, account, devices=devices, scope=" ".join(scopes)))

    def client_token(self, client: str, audience: str | None = None) -> str:
        """A token of an OAuth client, from the real token endpoint."""
        secret = MeshSettings(home=self.home).client_secret(client).read_text().strip()
        return _result(token_of_client(self.url, client, secret, audience=audience))

    def password(self, name: str) -> str:
        """The password of a demo account."""
        return str(self.credentials()[name]["password"])

    def credentials(self) -> dict[str, Any]:
        """The generated accounts."""
        return dict(json.loads(self.home.joinpath("credentials.json").read_text()))

    def parts(self) -> dict[str, dict[str, Any]]:
        """What `status --json` says, by part."""
        return {each.part.name: each.document() for each in _result(status_of(self.home))}

    def http(self, token: str = "") -> httpx.Client:
        """A REST client of the front proxy."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=15, trust_env=False, verify=certificates(self.url)
        )


def _result(work: Coroutine[Any, Any, T]) -> T:
    """What some work comes to, in an event loop of its own: the caller may be within another."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def up(
    home: Path,
    *arguments: str,
    program: Sequence[str] = (str(SHOPMESH),),
    **variables: str,
) -> Iterator[RunningMesh]:
    """Bring a mesh up, by another program than the shipped one where it is given, and down again."""
    limits = home.with_name(f"{home.name}-limits.json")
    limits.write_text(json.dumps({"classes": _GENEROUS}))
    with leased_offset() as offset:
        mesh = RunningMesh(home, offset, {"SHOPMESH_LIMITS_FILE": str(limits), **variables})
        try:
            mesh.run("up", *arguments, program=program)
            yield mesh
        finally:
            mesh.run("down")


@pytest.fixture
def port_offset() -> Iterator[int]:
    """For a mesh, or parts of one, that a test starts by itself."""
    with leased_offset() as offset:
        yield offset
