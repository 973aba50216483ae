"""The plain HTTP endpoints of the user service."""

import httpx
import pytest

from mesh.contract import HttpEndpoint, load_contract
from tests.mesh.front_door.provider import Provider
from tests.mesh.front_door.proxy import EDGE_SECRET
from tests.mesh.front_door.requests import reason

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDPOINTS = load_contract().http_endpoints
EVERY_ENDPOINT = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[each.path for each in ENDPOINTS])


@EVERY_ENDPOINT
async def test_an_endpoint_takes_its_verbs_whatever_the_authorization(
    client: httpx.AsyncClient, provider: Provider, endpoint: HttpEndpoint
) -> None:
    for verb in endpoint.verbs:
        headers = {
            "authorization": "Basic Y2xpZW50OnNlY3JldA==",
            "content-type": "application/x-www-form-urlencoded",
        }
        response = await client.request(verb, endpoint.path, headers=headers)

        assert response.status_code == 200
        seen_verb, path, seen = provider.requests[-1]
        assert (seen_verb, path) == (verb, endpoint.path)
        assert seen["authorization"] == headers["authorization"]
        assert seen["x-shopmesh-client-address"] == "127.0.0.1"
        assert seen["x-shopmesh-edge"] == EDGE_SECRET
        assert seen["x-forwarded-proto"] == "http"
        assert seen["traceparent"].split("-")[1] == response.headers["x-trace-id"]


@EVERY_ENDPOINT
async def test_other_verbs_are_405(
    client: httpx.AsyncClient, provider: Provider, endpoint: HttpEndpoint
) -> None:
    for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(endpoint.verbs):
        response = await client.request(verb, endpoint.path)

        assert (response.status_code, reason(response)) == (405, "METHOD_NOT_ALLOWED")
        assert set(response.headers["allow"].split(", ")) == set(endpoint.verbs)
    assert not provider.requests


@EVERY_ENDPOINT
async def test_nothing_below_an_endpoint_is_routed(
    client: httpx.AsyncClient, provider: Provider, endpoint: HttpEndpoint
) -> None:
    for suffix in ("/", "/x", "x"):
        assert (await client.get(endpoint.path + suffix)).status_code == 404
    assert not provider.requests


async def test_a_page_keeps_its_own_content_policy(client: httpx.AsyncClient, provider: Provider) -> None:
    response = await client.get("/oauth2/authorize")

    assert response.headers["content-security-policy"] == "default-src 'self'"
    assert response.headers["x-frame-options"] == "DENY"


BOUNDED = [each for each in ENDPOINTS if each.max_body_bytes]


@pytest.mark.parametrize("endpoint", BOUNDED, ids=[each.path for each in BOUNDED])
async def test_a_body_over_the_bound_is_413_and_goes_no_further(
    client: httpx.AsyncClient, provider: Provider, endpoint: HttpEndpoint
) -> None:
    for size, status in ((endpoint.max_body_bytes, 200), (endpoint.max_body_bytes + 1, 413)):
        response = await client.request(endpoint.verbs[0], endpoint.path, content=b"x" * size)

        assert response.status_code == status
    assert len(provider.requests) == 1
