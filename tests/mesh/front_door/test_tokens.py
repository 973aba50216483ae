"""Who gets past the front door, and how precedence orders refusals."""

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from mesh.contract import Access, Method, load_contract
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import BODY_VERBS, bound, path_of, reason, verb_of
from tests.mesh.front_door.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUND = bound(load_contract())
PROTECTED = [method for method in BOUND if method.policy.access is not Access.PUBLIC]
PUBLIC = [method for method in BOUND if method.policy.access is Access.PUBLIC]

WITH_BODY = [method for method in BOUND if verb_of(method) in BODY_VERBS]


def names(methods: list[Method]) -> list[str]:
    return [method.name for method in methods]


def bad_tokens(proxy: Proxy) -> dict[str, str]:
    other = ECKey.generate_key("P-256", {"kid": "test"})
    claims = {"iss": proxy.door.origin, "aud": "shopmesh-api", "sub": "alice", "exp": 4_000_000_000}
    return {
        "expired": proxy.token(exp=1_700_000_001),
        "not yet valid": proxy.token(nbf=3_900_000_000),
        "wrong audience": proxy.token(aud="shopmesh-order"),
        "wrong issuer": proxy.token(iss="http://localhost:1"),
        "without expiry": proxy.token(exp=None),
        "foreign key": jwt.encode({"alg": "ES256", "kid": "test"}, claims, other),
        "symmetric": jwt.encode({"alg": "HS256", "kid": "test"}, claims, OctKey.import_key("k" * 32)),
        "alg none": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
        "embedded key": jwt.encode({"alg": "ES256", "jwk": other.as_dict(private=False)}, claims, other),
        "no token at all": "rubbish",
    }


BAD = (
    "expired", "not yet valid", "wrong audience", "wrong issuer", "without expiry", "foreign key",
    "symmetric", "alg none", "embedded key", "no token at all",
)  # fmt: skip


@pytest.mark.parametrize("method", PROTECTED, ids=names(PROTECTED))
async def test_a_protected_method_needs_a_token(
    client: httpx.AsyncClient, shop: Shop, method: Method
) -> None:
    response = await client.request(
        verb_of(method), path_of(method), headers={"content-type": "application/json"}
    )

    assert response.status_code == 401
    assert response.json()["code"] == 16
    assert reason(response) == "TOKEN_REQUIRED"
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert not shop.calls


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_401_on_a_protected_route(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, kind: str
) -> None:
    headers = {"authorization": f"Bearer {bad_tokens(proxy)[kind]}"}

    response = await client.get("/v1/orders", headers=headers)

    assert (response.status_code, reason(response)) == (401, "TOKEN_INVALID")
    assert not shop.calls


@pytest.mark.parametrize("method", PUBLIC, ids=names(PUBLIC))
async def test_a_bad_token_is_401_on_a_public_route_too(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    for kind in ("expired", "wrong audience", "no token at all"):
        response = await client.request(
            verb_of(method),
            path_of(method),
            headers={
                "authorization": f"Bearer {bad_tokens(proxy)[kind]}",
                "content-type": "application/json",
            },
        )
        assert response.status_code == 401, kind
    assert not shop.calls


@pytest.mark.parametrize("parameter", ["access_token", "token"])
async def test_a_token_in_the_url_counts_for_nothing(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, parameter: str
) -> None:
    response = await client.get("/v1/orders", params={parameter: proxy.token()})

    assert response.status_code == 401
    assert not shop.calls


async def test_the_service_gets_the_token_to_verify_it_again(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    headers = proxy.bearer()

    await client.get("/v1/orders", headers=headers)

    assert shop.last.metadata["authorization"] == headers["authorization"]


async def test_a_missing_token_outranks_an_oversized_body_of_the_wrong_type(
    client: httpx.AsyncClient, proxy: Proxy
) -> None:
    body, plain = b"x" * 1_100_000, {"content-type": "text/plain"}

    anonymous = await client.post("/v1/orders", content=body, headers=plain)
    with_token = await client.post("/v1/orders", content=body, headers={**plain, **proxy.bearer()})

    assert anonymous.status_code == 401
    assert (with_token.status_code, reason(with_token)) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("method", WITH_BODY, ids=names(WITH_BODY))
async def test_a_body_that_is_not_json_is_415_once_the_token_is_good(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop, method: Method
) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", None):
        headers = {**proxy.bearer(), **({"content-type": content_type} if content_type else {})}
        response = await client.request(verb_of(method), path_of(method), headers=headers, content=b"{}")
        assert (response.status_code, reason(response)) == (415, "UNSUPPORTED_MEDIA_TYPE"), content_type
    assert not shop.calls
