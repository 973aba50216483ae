"""Which requests reach which method, derived from the contract."""

import re

import httpx
import pytest

from mesh.contract import Access, Contract, Method, load_contract
from mesh.render.envoy.path_templates import regex
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import bound, call, path_of, reason, verb_of
from tests.mesh.front_door.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTRACT = load_contract()
BOUND = bound(CONTRACT)
EVERY_BINDING = pytest.mark.parametrize("method", BOUND, ids=[method.name for method in BOUND])
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@EVERY_BINDING
async def test_a_binding_reaches_its_method(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    response = await call(client, proxy, method)

    assert response.status_code == 200, response.text
    assert [each.method for each in shop.calls] == [method.full_name]


LITERAL = [
    (method, wider)
    for method in BOUND
    for wider in BOUND
    if method.binding
    and wider.binding
    and not method.binding.path_fields
    and wider.binding.path_fields
    and re.fullmatch(regex(wider.binding.template), method.binding.template)
]


@pytest.mark.parametrize(
    ("method", "wider"), LITERAL, ids=[f"{path_of(method)}-{wider.name}" for method, wider in LITERAL]
)
async def test_a_literal_path_is_never_taken_for_an_id(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method, wider: Method
) -> None:
    response = await call(client, proxy, method)

    assert response.status_code == 200, response.text
    assert [each.method for each in shop.calls] == [method.full_name] != [wider.full_name]


async def test_collections_below_an_id_have_literal_paths() -> None:
    assert {method.name for method, wider in LITERAL if wider.name == "GetOrder"} == {"ListParkedEvents"}


@EVERY_BINDING
async def test_path_fields_arrive_in_the_request(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    assert method.binding is not None

    await call(client, proxy, method)

    for field in method.binding.path_fields:
        assert getattr(shop.last.request, field) == "018f-1"


@EVERY_BINDING
async def test_a_wrong_verb_is_405_and_names_the_right_ones(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    allowed = {verb_of(other) for other in BOUND if path_of(other) == path_of(method)}

    for verb in sorted(set(VERBS) - allowed):
        for headers in ({}, proxy.bearer(), {"authorization": "Bearer bad"}):
            response = await client.request(verb, path_of(method), headers=headers)
            assert response.status_code == 405, (verb, response.text)
            assert set(response.headers["allow"].split(", ")) == allowed
            assert verb == "HEAD" or reason(response) == "METHOD_NOT_ALLOWED"
    assert not shop.calls


@EVERY_BINDING
@pytest.mark.parametrize("suffix", ["/", ":foo", ":foo/bar", "//", "%2F", ":", "/a/b/c/d"])
async def test_nothing_but_the_bound_path_reaches_a_method(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method, suffix: str
) -> None:
    for headers in ({}, proxy.bearer(), {"authorization": "Bearer bad"}):
        response = await client.request(verb_of(method), path_of(method) + suffix, headers=headers)

        assert response.status_code in ({404, 400} if suffix == "%2F" else {404}), response.text
    assert not shop.calls


@pytest.mark.parametrize("method", CONTRACT.methods, ids=[method.name for method in CONTRACT.methods])
@pytest.mark.parametrize("content_type", ["application/grpc", "application/grpc+proto", "application/json"])
async def test_no_method_is_reached_by_its_grpc_path(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method, content_type: str
) -> None:
    response = await client.post(
        method.full_name,
        headers={**proxy.bearer(), "content-type": content_type, "te": "trailers"},
        content=b"\0\0\0\0\0",
    )

    assert response.status_code == 404
    assert reason(response) == "ROUTE_NOT_FOUND"
    assert not shop.calls


async def test_internal_methods_have_no_route(contract: Contract) -> None:
    assert not [
        each.name for each in contract.methods if each.policy.access is Access.INTERNAL and each.binding
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1", "/v1/", "/v2/orders", "/V1/orders", "/v1/orders:", "/v1/orders:place", "/index.html",
        "/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)  # fmt: skip
async def test_an_unbound_path_is_404_whatever_the_token(
    client: httpx.AsyncClient, proxy: Proxy, path: str
) -> None:
    for headers in ({}, proxy.bearer(), {"authorization": "Bearer bad"}):
        response = await client.get(path, headers=headers)

        assert (response.status_code, reason(response)) == (404, "ROUTE_NOT_FOUND")
        assert response.json()["code"] == 5


@pytest.mark.parametrize(
    "path", ["/v1/orders/..%2Fproducts", "/v1/orders/%2e%2e/%2e%2e/oauth2%5Ctoken", "/v1/products/a%00b"]
)
async def test_path_tricks_are_refused(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, path: str
) -> None:
    response = await client.get(httpx.URL(proxy.url + path), headers=proxy.bearer())

    assert response.status_code in {400, 404}
    assert not shop.calls


async def test_dot_segments_and_double_slashes_mean_the_plain_path(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    url = httpx.URL(scheme="http", host="127.0.0.1", port=proxy.door.port, raw_path=b"/v1//x/../products")

    assert (await client.get(url)).status_code == 200
    assert shop.last.method.endswith("/ListProducts")
