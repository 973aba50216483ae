"""The browser's session: tokens stay in encrypted cookies, foreign pages cannot use them."""

from urllib.parse import parse_qs, urlsplit

import grpc
import httpx
import pytest
from google.protobuf.message import Message

from tests.mesh.front_door.browser import Browser, log_in, own_page
from tests.mesh.front_door.provider import Provider
from tests.mesh.front_door.proxy import Proxy
from tests.mesh.front_door.requests import reason
from tests.mesh.front_door.shop import Context, Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def browser(client: httpx.AsyncClient, proxy: Proxy) -> Browser:
    return Browser(client, proxy)


async def test_logging_in_begins_a_code_flow_with_pkce(browser: Browser, proxy: Proxy) -> None:
    response = await browser.get("/session/login")

    assert response.status_code == 302
    location = urlsplit(response.headers["location"])
    query = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{proxy.door.origin}/oauth2/authorize"
    assert (query["response_type"], query["client_id"]) == ("code", "checkout")
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{proxy.door.origin}/session/callback"
    assert set(query["scope"].split()) == {"openid", "profile", "orders"}
    assert query["state"]


async def test_a_login_at_another_host_name_starts_over_at_the_issuers(
    client: httpx.AsyncClient, proxy: Proxy
) -> None:
    response = await client.get("/session/login")

    assert response.status_code == 303
    assert response.headers["location"] == f"{proxy.door.origin}/session/login"


async def test_the_code_is_redeemed_by_the_confidential_client_with_its_verifier(
    browser: Browser, proxy: Proxy, provider: Provider
) -> None:
    response = await log_in(browser, proxy, provider, proxy.token())

    assert response.status_code == 302
    form = provider.forms[0]
    assert (form["grant_type"], form["code"]) == ("authorization_code", "code-1")
    assert form["redirect_uri"] == f"{proxy.door.origin}/session/callback"
    assert len(form["code_verifier"]) >= 43
    _, _, headers = provider.requests[-1]
    assert headers["authorization"].startswith("Basic ")
    home = await browser.get(urlsplit(response.headers["location"]).path)
    assert (home.status_code, home.headers["location"].removeprefix(proxy.door.origin)) == (303, "/")


async def test_cookies_are_for_this_host_only_hidden_from_scripts_and_unreadable(
    browser: Browser, proxy: Proxy, provider: Provider
) -> None:
    token = proxy.token()
    await log_in(browser, proxy, provider, token)

    assert browser.cookies
    for line in (line for line in browser.set_cookies if "=deleted" not in line):
        name, _, rest = line.partition("=")
        attributes = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name.startswith("__Host-"), line
        assert {"httponly", "secure", "path=/"} <= attributes, line
        assert {"samesite=lax", "samesite=strict"} & attributes, line
        assert not [each for each in attributes if each.startswith("domain")]
    assert token not in str(browser.set_cookies)
    assert token.split(".")[2] not in str(browser.set_cookies)
    assert "refresh-1" not in str(browser.set_cookies)


async def test_the_cookie_becomes_a_bearer_token_for_the_service(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    token = proxy.token()
    await log_in(browser, proxy, provider, token)

    response = await browser.get("/v1/orders")

    assert response.status_code == 200, response.text
    assert shop.last.metadata["authorization"] == f"Bearer {token}"
    assert "cookie" not in shop.last.metadata


async def test_a_session_with_a_bad_token_is_401_like_any_bad_token(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token(aud="shopmesh-order"))

    response = await browser.get("/v1/orders")

    assert (response.status_code, reason(response)) == (401, "TOKEN_INVALID")
    assert not shop.calls


async def test_a_forged_or_ended_session_is_401_and_no_redirect(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    browser.cookies.update({"__Host-session-token": "forged", "__Host-session-hmac": "forged"})

    response = await browser.get("/v1/orders")

    assert (response.status_code, reason(response)) == (401, "SESSION_ENDED")
    assert not shop.calls


async def test_a_session_whose_token_was_revoked_loses_its_cookies(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token())
    mine = {name for name in browser.cookies if name.startswith("__Host-session-")}

    async def revoked(request: object, context: Context) -> Message:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token was revoked")

    assert "__Host-session-token" in mine
    shop.answers["ListOrders"] = revoked
    refused = await browser.get("/v1/orders")
    by_its_own_token = await browser.get("/v1/orders", **proxy.bearer())

    assert (refused.status_code, by_its_own_token.status_code) == (401, 401)
    assert not mine & set(browser.cookies)
    assert "set-cookie" not in by_its_own_token.headers


async def test_a_session_keeps_its_cookies_when_anything_else_goes_wrong(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token())
    before = dict(browser.cookies)

    async def refuse(request: object, context: Context) -> Message:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not yours")

    shop.answers["ListOrders"] = refuse
    assert (await browser.get("/v1/orders")).status_code == 403
    shop.answers.clear()
    assert (await browser.get("/v1/orders")).status_code == 200

    assert browser.cookies == before


async def test_a_token_of_its_own_outranks_the_cookie(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token(sub="alice"))
    bobs = proxy.bearer(sub="bob")

    await browser.get("/v1/orders", **bobs)

    assert shop.last.metadata["authorization"] == bobs["authorization"]


async def test_a_public_route_ignores_the_session(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    browser.cookies["__Host-session-token"] = "ended long ago"

    response = await browser.get("/v1/products")

    assert response.status_code == 200
    assert "authorization" not in shop.last.metadata


async def test_a_write_of_the_own_page_goes_through(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token())

    response = await browser.request("POST", "/v1/orders", headers=own_page(proxy), json={"requestId": "r-1"})

    assert response.status_code == 200, response.text
    assert shop.last.request.request_id == "r-1"


FORGERIES: dict[str, dict[str, str | None]] = {
    "without origin": {"origin": None},
    "without the page's header": {"x-requested-with": None},
    "foreign origin": {"origin": "https://evil.example"},
    "null origin": {"origin": "null"},
    "sibling port": {"origin": "http://localhost:1"},
}
WRITES = (
    ("POST", "/v1/orders"),
    ("POST", "/v1/orders/1:cancel"),
    ("PATCH", "/v1/users/me"),
    ("DELETE", "/v1/users/me"),
)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_write_of_a_foreign_page_is_refused(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop, forgery: str
) -> None:
    await log_in(browser, proxy, provider, proxy.token())
    changed: dict[str, str | None] = {**own_page(proxy), **FORGERIES[forgery]}
    headers = {name: value for name, value in changed.items() if value is not None}

    for verb, path in WRITES:
        response = await browser.request(verb, path, headers=headers, json={})

        assert (response.status_code, reason(response)) == (403, "FORGED_REQUEST"), (verb, path)
    assert not shop.calls


async def test_an_api_client_needs_neither_origin_nor_header(
    client: httpx.AsyncClient, proxy: Proxy, shop: Shop
) -> None:
    response = await client.post(
        "/v1/orders", json={}, headers={**proxy.bearer(), "origin": "https://evil.example"}
    )

    assert response.status_code == 200


async def test_a_callback_that_this_browser_did_not_ask_for_is_refused(
    browser: Browser, client: httpx.AsyncClient, proxy: Proxy, provider: Provider
) -> None:
    stranger = Browser(client, proxy)
    asked = parse_qs(urlsplit((await stranger.get("/session/login")).headers["location"]).query)

    response = await browser.get(f"/session/callback?code=stolen&state={asked['state'][0]}")

    assert response.status_code == 401
    assert not provider.forms
    assert not browser.cookies


async def test_logging_out_forgets_every_cookie(browser: Browser, proxy: Proxy, provider: Provider) -> None:
    await log_in(browser, proxy, provider, proxy.token())
    assert browser.cookies

    response = await browser.get("/session/logout")

    assert response.status_code == 302
    ending = urlsplit(response.headers["location"])
    assert f"{ending.scheme}://{ending.netloc}{ending.path}" == f"{proxy.door.origin}/oauth2/logout"
    assert parse_qs(ending.query)["post_logout_redirect_uri"] == [f"{proxy.door.origin}/"]
    assert not [name for name in browser.cookies if name.startswith("__Host-session-")]
    assert (await browser.get("/v1/orders")).status_code == 401


async def test_an_access_token_is_renewed_behind_the_browsers_back(
    browser: Browser, proxy: Proxy, provider: Provider, shop: Shop
) -> None:
    await log_in(browser, proxy, provider, proxy.token())
    fresh = proxy.token(jti="second")
    provider.tokens.update(access_token=fresh, refresh_token="refresh-2")
    # The access token's cookies end with it; the browser then only has the refresh token's.
    for name in [name for name in browser.cookies if "refresh" not in name]:
        del browser.cookies[name]

    response = await browser.get("/v1/orders")

    assert response.status_code == 200, response.text
    assert provider.forms[-1]["grant_type"] == "refresh_token"
    assert provider.forms[-1]["refresh_token"] == "refresh-1"
    assert shop.last.metadata["authorization"] == f"Bearer {fresh}"


@pytest.mark.parametrize("path", ["/session/login", "/session/callback", "/session/logout"])
async def test_the_sessions_paths_take_no_writes_from_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    response = await client.put(path)

    assert (response.status_code, reason(response)) == (405, "METHOD_NOT_ALLOWED")
