"""Server streams arrive as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import httpx
import pytest

from shopmesh.inventory.v1 import inventory_service_pb2
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import Context, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

Stock = inventory_service_pb2.WatchStockResponse


def stock(sku: str, available: int) -> Stock:
    return Stock(stock=inventory_service_pb2.Stock(sku=sku, available=available))


async def events(response: httpx.Response) -> AsyncIterator[Any]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


async def test_each_message_is_an_event_as_soon_as_it_is_sent(client: httpx.AsyncClient, shop: Shop) -> None:
    seen = asyncio.Event()

    async def watch(_request: Any, _context: Context) -> AsyncIterator[Stock]:
        yield stock("MUG-RED", 3)
        # The second is sent only once the first has been read: nothing may hold it back.
        await seen.wait()
        yield stock("MUG-RED", 0)

    shop.answers["WatchStock"] = watch

    async with client.stream("GET", "/v1/stock:watch", params={"skus": ["MUG-RED", "MUG-BLUE"]}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in response.headers
        received = events(response)
        async with asyncio.timeout(10):
            first = await anext(received)
            seen.set()
            second = await anext(received)
            rest = [event async for event in received]

    assert (first["stock"]["sku"], first["stock"]["available"]) == ("MUG-RED", 3)
    assert second["stock"]["available"] == 0
    assert rest == []
    assert list(shop.last.request.skus) == ["MUG-RED", "MUG-BLUE"]


async def test_a_refusal_before_the_first_message_is_a_plain_error(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async def watch(_request: Any, context: Context) -> AsyncIterator[Stock]:
        if shop.calls:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such SKU")
        yield Stock()

    shop.answers["WatchStock"] = watch

    response = await client.get("/v1/stock:watch", params={"skus": "MUG-GREEN"})

    assert response.status_code == 404
    assert response.json() == {"code": 5, "message": "no such SKU", "details": []}


async def test_an_error_midway_looks_like_a_clean_end(client: httpx.AsyncClient, shop: Shop) -> None:
    """So the contract has `closed`: an end without it means that the stream broke."""

    async def watch(_request: Any, context: Context) -> AsyncIterator[Stock]:
        yield stock("MUG-RED", 3)
        await context.abort(grpc.StatusCode.INTERNAL, "broke")

    shop.answers["WatchStock"] = watch

    async with client.stream("GET", "/v1/stock:watch") as response:
        received = [event async for event in events(response)]

    assert response.status_code == 200
    assert [event["stock"]["available"] for event in received] == [3]


async def test_a_stream_needs_its_token_like_any_call(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    response = await client.get("/v1/orders/018f-1:watch")

    assert (response.status_code, reason(response)) == (401, "TOKEN_REQUIRED")
    assert not shop.calls


async def test_the_service_learns_that_a_listener_has_gone(client: httpx.AsyncClient, shop: Shop) -> None:
    gone = asyncio.Event()

    async def watch(_request: Any, _context: Context) -> AsyncIterator[Stock]:
        try:
            yield stock("MUG-RED", 3)
            await asyncio.Event().wait()
        finally:
            gone.set()

    shop.answers["WatchStock"] = watch

    async with client.stream("GET", "/v1/stock:watch") as response:
        await anext(events(response))

    async with asyncio.timeout(10):
        await gone.wait()


async def test_a_stream_may_send_more_than_a_response_may_hold(client: httpx.AsyncClient, shop: Shop) -> None:
    async def watch(_request: Any, _context: Context) -> AsyncIterator[Stock]:
        for turn in range(40):
            yield stock("X" * 500_000, turn)

    shop.answers["WatchStock"] = watch

    async with client.stream("GET", "/v1/stock:watch") as response:
        received = [event["stock"]["available"] async for event in events(response)]

    assert received == list(range(40))
