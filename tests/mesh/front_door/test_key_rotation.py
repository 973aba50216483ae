"""Keys come and go while the front proxy runs."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from mesh.client.http import http_client
from mesh.contract import Contract
from tests.mesh.front_door.proxy import Proxy, open_proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import open_shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_key_that_was_rotated_in_is_accepted_and_a_retired_one_refused(
    contract: Contract, tmp_path: Path, port_offset: int
) -> None:
    async with (
        open_shop(contract, port_offset),
        open_proxy(contract, tmp_path, port_offset=port_offset) as proxy,
        http_client(proxy.url) as client,
    ):
        rotated = replace(
            proxy, key=ECKey.generate_key("P-256", {"kid": "next", "alg": "ES256", "use": "sig"})
        )
        assert (await client.get("/v1/orders", headers=proxy.bearer())).status_code == 200
        assert (await client.get("/v1/orders", headers=rotated.bearer())).status_code == 401

        write_keys(proxy, rotated.key)

        await status_becomes(client, 200, rotated.bearer())
        # A token that was verified before is good until it expires, 5 minutes at most.
        assert (await client.get("/v1/orders", headers=proxy.bearer(jti="new"))).status_code == 401


async def test_without_any_key_a_token_is_503_and_not_the_callers_fault(
    contract: Contract, tmp_path: Path, port_offset: int
) -> None:
    async with (
        open_shop(contract, port_offset),
        open_proxy(contract, tmp_path, port_offset=port_offset) as proxy,
        http_client(proxy.url) as client,
    ):
        write_keys(proxy)

        response = await status_becomes(client, 503, proxy.bearer())
        assert reason(response) == "AUTH_KEYS_UNAVAILABLE"
        assert (await client.get("/v1/orders")).status_code == 401
        assert (await client.get("/v1/products")).status_code == 200
        write_keys(proxy, proxy.key)
        await status_becomes(client, 200, proxy.bearer())


def write_keys(proxy: Proxy, *keys: ECKey) -> None:
    """As the user service does it: beside, then moved over."""
    beside = proxy.door.jwks.with_suffix(".new")
    beside.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
    beside.replace(proxy.door.jwks)


async def status_becomes(client: httpx.AsyncClient, status: int, token: dict[str, str]) -> httpx.Response:
    async with asyncio.timeout(10):
        while True:
            response = await client.get("/v1/orders", headers=token)
            if response.status_code == status:
                return response
            await asyncio.sleep(0.05)
