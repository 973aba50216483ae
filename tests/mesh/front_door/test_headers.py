"""Which headers get in and out, and how a request is traced."""

import re

import httpx
import pytest

from shopmesh.inventory.v1 import catalog_service_pb2
from tests.mesh.front_door.proxy import EDGE_SECRET, Proxy
from tests.mesh.front_door.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_what_only_the_mesh_may_say_is_taken_from_callers(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    spoofed = {
        "x-shopmesh-client-address": "6.6.6.6",
        "x-shopmesh-edge": "guess",
        "x-shopmesh-anything": "6.6.6.6",
        "x-envoy-original-path": "/v1/6.6.6.6",
        "x-envoy-original-method": "6.6.6.6",
        "x-envoy-upstream-rq-timeout-ms": "6",
        "x-envoy-retry-on": "5xx",
        "x-forwarded-for": "6.6.6.6",
        "x-forwarded-host": "6.6.6.6",
        "x-forwarded-proto": "https",
        "x-forwarded-client-cert": "6.6.6.6",
        "forwarded": "for=6.6.6.6",
        "x-real-ip": "6.6.6.6",
        "x-request-id": "6.6.6.6",
        "grpc-timeout": "1n",
        "grpc-encoding": "6.6.6.6",
        "trace-bin": "not base64!",
    }

    response = await client.get("/v1/products", headers=spoofed)

    seen = shop.last.metadata
    assert response.status_code == 200
    assert "6.6.6.6" not in str(seen)
    assert seen["x-shopmesh-client-address"] == "127.0.0.1"
    assert seen["x-shopmesh-edge"] == EDGE_SECRET
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-envoy-original-path"] == "/v1/products"
    assert not {"x-envoy-retry-on", "x-envoy-internal", "grpc-timeout", "trace-bin"} & set(seen)


async def test_a_header_with_an_underscore_is_refused(client: httpx.AsyncClient, shop: Shop) -> None:
    response = await client.get("/v1/products", headers={"x_shopmesh_edge": "guess"})

    assert response.status_code == 400
    assert not shop.calls


async def test_the_session_cookie_stays_at_the_front_door(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    await client.get("/v1/orders", headers={**proxy.bearer(), "cookie": "__Host-session-token=x; other=y"})

    assert "cookie" not in shop.last.metadata


async def test_without_a_trace_the_front_door_begins_one(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    response = await client.get("/v1/products")

    version, trace_id, span_id, _flags = str(shop.last.metadata["traceparent"]).split("-")
    assert version == "00"
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    assert re.fullmatch("[0-9a-f]{16}", span_id)
    assert response.headers["x-trace-id"] == trace_id
    await proxy.logged(trace_id)


async def test_a_callers_trace_is_continued(client: httpx.AsyncClient, proxy: Proxy, shop: Shop) -> None:
    await client.get("/v1/products", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})

    assert str(shop.last.metadata["traceparent"]).split("-")[1] == TRACE
    assert "b7ad6b7169203331" not in str(shop.last.metadata["traceparent"])
    await proxy.logged(TRACE)


@pytest.mark.parametrize(
    "sent", ["rubbish", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-zz-01", "0" * 3000]
)
async def test_a_malformed_trace_is_replaced(client: httpx.AsyncClient, shop: Shop, sent: str) -> None:
    await client.get("/v1/products", headers={"traceparent": sent})

    trace_id = str(shop.last.metadata["traceparent"]).split("-")[1]
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    assert trace_id != "0" * 32


async def test_a_log_line_says_what_happened_without_ids_and_queries(
    client: httpx.AsyncClient, proxy: Proxy
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {
        **proxy.bearer(),
        "traceparent": f"00-{trace}-b7ad6b7169203331-01",
        "user-agent": "planted-agent",
    }

    await client.get("/v1/orders/planted-id/history", params={"pageToken": "planted-query"}, headers=headers)

    line = await proxy.logged(trace)
    assert (line["verb"], line["route"]) == ("GET", "GET /v1/orders/{order_id}/history")
    assert (line["status"], line["service"], line["flags"]) == (200, "order", "-")
    assert line["upstream"].startswith("127.0.0.1:")
    assert "planted" not in proxy.log.read_text()


async def test_a_refusal_is_logged_with_its_trace_too(client: httpx.AsyncClient, proxy: Proxy) -> None:
    response = await client.get("/v1/orders/planted-id")

    line = await proxy.logged(response.headers["x-trace-id"])
    assert (line["status"], line["route"]) == (401, "GET /v1/orders/{order_id}")
    assert "Jwt_is_missing" in line["cause"]


async def test_every_answer_carries_security_headers(client: httpx.AsyncClient, proxy: Proxy) -> None:
    for path in ("/v1/products", "/v1/orders", "/nothing", "/session/login"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("x-envoy")]


async def test_a_page_on_another_loopback_port_may_call_with_its_own_token(
    client: httpx.AsyncClient, proxy: Proxy
) -> None:
    origin = "http://localhost:5173"
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }

    preflight = await client.options("/v1/orders", headers=asked)
    call = await client.get("/v1/orders", headers={**proxy.bearer(), "origin": origin})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert call.headers["access-control-allow-origin"] == origin
    assert "x-consistency-token" in call.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in [*call.headers, *preflight.headers]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "null"])
async def test_a_foreign_page_may_not(client: httpx.AsyncClient, proxy: Proxy, origin: str) -> None:
    preflight = await client.options(
        "/v1/orders", headers={"origin": origin, "access-control-request-method": "POST"}
    )
    call = await client.get("/v1/orders", headers={**proxy.bearer(), "origin": origin})

    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in [*preflight.headers, *call.headers]


async def test_texts_are_compressed_when_they_are_long(client: httpx.AsyncClient, shop: Shop) -> None:

    async def many(_request: object, _context: object) -> catalog_service_pb2.ListProductsResponse:
        return catalog_service_pb2.ListProductsResponse(
            products=[catalog_service_pb2.Product(sku="MUG-RED")] * 100
        )

    shop.answers["ListProducts"] = many

    response = await client.get("/v1/products")

    assert response.headers["content-encoding"] == "gzip"
    assert len(response.json()["products"]) == 100
