"""A bad token is 401 wherever it is sent, also where none is needed."""

import base64
import json
import time

import grpc
import httpx
import pytest

from tests.e2e.calls import Answer, over_grpc
from tests.e2e.contract_methods import methods
from tests.e2e.shop import Login, refused
from tests.e2e.strict import Forger
from tests.support.running_mesh import RunningMesh

PUBLIC, SCOPED = "InventoryService/BatchGetStock", "OrderService/ListOrders"
_BY_NAME = {method.name: method for method in methods()}


@pytest.fixture(scope="module")
def bad_tokens(running_mesh: RunningMesh, alice: httpx.Client) -> dict[str, str]:
    """Tokens that are refused, by what is wrong with them."""
    assert isinstance(alice.auth, Login)
    good, forger = alice.auth.token(), Forger.of(running_mesh)
    head, body, signature = good.split(".")
    now = int(time.time())
    unsigned = _encoded({"alg": "none", "typ": "at+jwt"})
    other = _encoded({"sub": "x", "aud": "shopmesh-api", "exp": now + 60})
    return {
        "garbage": "bad",
        "truncated": f"{head}.{body}",
        "another signature": f"{head}.{body}.{signature[::-1]}",
        "another body": f"{head}.{other}.{signature}",
        "alg none": f"{unsigned}.{body}.",
        "unknown key": forger.token(good, header={"kid": "unknown"}),
        "expired": forger.token(good, exp=now - 120),
        "not yet valid": forger.token(good, nbf=now + 600),
        "another issuer": forger.token(good, iss="http://localhost:1"),
        "another audience": forger.token(good, aud="shopmesh-web"),
        "a service's audience": forger.token(good, aud="shopmesh-user"),
        "no audience": forger.token(good, aud=""),
    }


def test_a_forged_token_that_says_the_same_is_accepted(
    running_mesh: RunningMesh, anyone: httpx.Client, alice: httpx.Client
) -> None:
    """The control: what the others are refused for is what they say, not how they were made."""
    assert isinstance(alice.auth, Login)
    token = Forger.of(running_mesh).token(alice.auth.token())

    assert _get(anyone, "/v1/orders", token).status_code == httpx.codes.OK
    assert _call(running_mesh, SCOPED, token) == Answer("OK")


def test_a_bad_token_is_401_at_the_front_proxy(anyone: httpx.Client, bad_tokens: dict[str, str]) -> None:
    for token in bad_tokens.values():
        for path in ("/v1/orders", "/v1/products"):
            assert refused(_get(anyone, path, token), 401, "TOKEN_INVALID").code == 16


def test_a_bad_token_is_unauthenticated_on_the_grpc_ports(
    running_mesh: RunningMesh, bad_tokens: dict[str, str]
) -> None:
    for token in bad_tokens.values():
        for name in (PUBLIC, SCOPED):
            assert _call(running_mesh, name, token) == Answer("UNAUTHENTICATED", "TOKEN_INVALID")


@pytest.mark.parametrize("value", ["Basic YWxpY2U6cGFzcw==", "Bearer", "Token abc", "abc"])
def test_another_kind_of_authorization_is_401(anyone: httpx.Client, value: str) -> None:
    for path in ("/v1/orders", "/v1/products"):
        response = anyone.get(path, headers={"authorization": value})
        assert response.status_code == httpx.codes.UNAUTHORIZED, response.text


def test_a_services_token_is_401_at_the_front_proxy(running_mesh: RunningMesh, anyone: httpx.Client) -> None:
    token = running_mesh.client_token("order", audience="inventory")

    refused(_get(anyone, "/v1/products", token), 401, "TOKEN_INVALID")
    assert _call(running_mesh, PUBLIC, token) == Answer("OK")


def test_a_token_for_another_service_is_unauthenticated(running_mesh: RunningMesh) -> None:
    token = running_mesh.client_token("order", audience="user")

    assert _call(running_mesh, PUBLIC, token) == Answer("UNAUTHENTICATED", "TOKEN_INVALID")


def test_a_token_in_the_query_counts_for_nothing(anyone: httpx.Client, alice: httpx.Client) -> None:
    assert isinstance(alice.auth, Login)

    response = anyone.get("/v1/orders", params={"access_token": alice.auth.token()})

    refused(response, 401, "TOKEN_REQUIRED")


def _encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _get(client: httpx.Client, path: str, token: str) -> httpx.Response:
    return client.get(path, headers={"authorization": f"Bearer {token}"})


def _call(mesh: RunningMesh, name: str, token: str) -> Answer:
    method = _BY_NAME[name]
    request = method.input(skus=["MUG-RED"]) if name == PUBLIC else method.input()
    with grpc.insecure_channel(mesh.grpc(method.service)) as channel:
        return over_grpc(channel, method, request, token)
