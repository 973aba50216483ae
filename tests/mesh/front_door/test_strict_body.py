"""A body that says what the contract does not know reaches no service."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mesh.contract import Method, load_contract
from mesh.render.envoy.filters import has_body
from tests.contract.render.test_strict_body import body_of, members
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

METHODS = [method for method in load_contract().methods if has_body(method)]
JSON = {"content-type": "application/json"}


def path_of(method: Method) -> str:
    assert method.binding is not None
    path = method.binding.template
    for name in method.binding.path_fields:
        path = path.replace(f"{{{name}}}", "A-1")
    return path


def verb_of(method: Method) -> str:
    assert method.binding is not None
    return method.binding.verb


def damaged(method: Method) -> Iterator[tuple[str, bytes]]:
    """A right body with one key misspelt, doubled, or of another JSON type: for each key, at any depth."""
    for holder, name, path in list(members(document := body_of(method))):
        right = holder[name]
        holder[f"{name}x"] = holder.pop(name)
        yield f"{path}x", json.dumps(document).encode()
        del holder[f"{name}x"]
        holder[name] = [[{}]]
        yield path, json.dumps(document).encode()
        marked = holder[name] = "\0twice\0"
        once = json.dumps(marked)
        twice = f'{json.dumps(right)}, "{name}": {json.dumps(right)}'
        yield path, json.dumps(document).replace(once, twice).encode()
        holder[name] = right


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_right_body_reaches_the_service(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    body = json.dumps(body_of(method)).encode()

    response = await client.request(
        verb_of(method), path_of(method), content=body, headers={**proxy.bearer(), **JSON}
    )

    assert response.status_code != 400 or reason(response) == "INVALID_REQUEST"
    assert "nearest name" not in response.text


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_damaged_body_reaches_no_service_and_the_refusal_names_the_place(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    for path, body in damaged(method):
        response = await client.request(
            verb_of(method), path_of(method), content=body, headers={**proxy.bearer(), **JSON}
        )

        assert (response.status_code, reason(response)) == (400, "INVALID_REQUEST"), (path, body)
        (violation,) = details(response)["BadRequest"]["fieldViolations"]
        assert violation["field"].startswith(path), response.text
        assert path in response.json()["message"]
    assert not shop.calls


async def test_a_body_repeats_no_field_of_the_path(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    for name, what in (("orderId", "is given by the path"), ("order_id", "nearest name is orderId")):
        response = await client.post("/v1/orders/mine:cancel", json={name: "mine"}, headers=proxy.bearer())

        assert (response.status_code, reason(response)) == (400, "INVALID_REQUEST")
        assert what in response.json()["message"]
    assert not shop.calls


@pytest.mark.parametrize("body", [b"", b" \r\n"])
async def test_an_empty_body_is_refused_where_something_is_required(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, body: bytes
) -> None:
    refused = await client.post("/v1/orders", content=body, headers={**proxy.bearer(), **JSON})
    passed = await client.post("/v1/orders/mine:cancel", headers=proxy.bearer())

    assert (refused.status_code, reason(refused)) == (400, "INVALID_REQUEST")
    assert passed.status_code == 200


async def test_a_bad_token_and_too_long_a_body_come_before_a_bad_one(
    client: httpx.AsyncClient, proxy: Proxy
) -> None:
    long = b"{" + b" " * 1_048_576
    bad = {"authorization": "Bearer bad", **JSON}
    good = {**proxy.bearer(), **JSON}

    assert (await client.post("/v1/orders", content=b"{", headers=bad)).status_code == 401
    assert (await client.post("/v1/orders", content=long, headers=good)).status_code == 413
    other = {**proxy.bearer(), "content-type": "text/plain"}
    assert (await client.post("/v1/orders", content=b"{", headers=other)).status_code == 415


def details(response: httpx.Response) -> dict[str, Any]:
    """The details of a refusal by the short names of their types."""
    return {each["@type"].rpartition(".")[2]: each for each in response.json()["details"]}
