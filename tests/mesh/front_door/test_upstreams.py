"""What happens when services are slow, away, or several."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2

from mesh.client.http import http_client
from mesh.contract import Contract
from shopmesh.inventory.v1 import catalog_service_pb2
from tests.mesh.front_door.proxy import open_proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import Context, Shop, open_shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEADLINE_SECONDS = 20


async def status_becomes(client: httpx.AsyncClient, path: str, status: int) -> httpx.Response:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            response = await client.get(path)
            if response.status_code == status:
                return response
            await asyncio.sleep(0.05)


async def test_a_service_that_is_away_is_503(contract: Contract, tmp_path: Path, port_offset: int) -> None:
    async with (
        open_proxy(contract, tmp_path, port_offset=port_offset) as proxy,
        http_client(proxy.url) as client,
    ):
        response = await client.get("/v1/products")
        endpoint = await client.get("/.well-known/openid-configuration")

        assert (response.status_code, response.json()["code"], reason(response)) == (503, 14, "UNAVAILABLE")
        assert response.headers["x-trace-id"] in response.json()["message"]
        assert (endpoint.status_code, reason(endpoint)) == (503, "UNAVAILABLE")
        # It comes up without anybody telling the front proxy.
        async with open_shop(contract, port_offset):
            await status_becomes(client, "/v1/products", 200)


async def test_a_worker_that_says_it_is_not_serving_gets_no_requests(
    contract: Contract, tmp_path: Path, port_offset: int
) -> None:
    async with (
        open_shop(contract, port_offset, workers=2) as shop,
        open_proxy(contract, tmp_path, port_offset=port_offset, workers=2) as proxy,
        http_client(proxy.url) as client,
    ):
        await shop.health[1].set("", health_pb2.HealthCheckResponse.NOT_SERVING)

        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                shop.calls.clear()
                for _ in range(4):
                    assert (await client.get("/v1/products")).status_code == 200
                if {call.worker for call in shop.calls} == {0}:
                    break
                await asyncio.sleep(0.05)


async def test_a_service_beyond_its_deadline_is_504(
    contract: Contract, tmp_path: Path, port_offset: int
) -> None:
    hasty = replace(
        contract,
        methods=tuple(
            replace(method, policy=replace(method.policy, deadline_seconds=-0.7))
            for method in contract.methods
        ),
    )

    async def never(_request: Any, _context: Context) -> Any:
        await asyncio.Event().wait()

    async with (
        open_shop(contract, port_offset) as shop,
        open_proxy(hasty, tmp_path, port_offset=port_offset) as proxy,
        http_client(proxy.url) as client,
    ):
        shop.answers["ListProducts"] = never
        response = await client.get("/v1/products")

    assert (response.status_code, response.json()["code"], reason(response)) == (504, 4, "DEADLINE_EXCEEDED")


async def test_requests_of_one_connection_go_round_the_workers(
    contract: Contract, tmp_path: Path, port_offset: int
) -> None:
    async with (
        open_shop(contract, port_offset, workers=2) as shop,
        open_proxy(contract, tmp_path, port_offset=port_offset, workers=2) as proxy,
        http_client(proxy.url, limits=httpx.Limits(max_connections=1)) as client,
    ):
        await status_becomes(client, "/v1/products", 200)
        shop.calls.clear()
        for _ in range(10):
            await client.get("/v1/products")

        assert Counter(call.worker for call in shop.calls) == {0: 5, 1: 5}


async def test_what_may_be_repeated_is_repeated_on_unavailable(client: httpx.AsyncClient, shop: Shop) -> None:
    async def at_the_third_time(_request: Any, context: Context) -> catalog_service_pb2.ListProductsResponse:
        if len(shop.calls) < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
        return catalog_service_pb2.ListProductsResponse()

    shop.answers["ListProducts"] = at_the_third_time

    assert (await client.get("/v1/products")).status_code == 200
    assert len(shop.calls) == 3


async def test_what_may_not_be_repeated_is_called_once(client: httpx.AsyncClient, shop: Shop) -> None:
    async def restarting(_request: Any, context: Context) -> Any:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")

    shop.answers["RegisterUser"] = restarting

    response = await client.post("/v1/users", json={})

    assert response.status_code == 503
    assert len(shop.calls) == 1
