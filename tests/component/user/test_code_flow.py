"""Authorization code and PKCE, over real HTTP."""

import asyncio
import json

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import LOOPBACK, Flow, answer_of

ALICE = "alice@example.com"


def claims_of(provider: RunningProvider, token: str) -> dict[str, object]:
    keys = KeySet.import_key_set(json.loads(provider.settings.jwks_file.read_text()))
    return dict(jwt.decode(token, keys, ["ES256"]).claims)


async def test_a_login_ends_in_tokens_that_the_public_keys_verify(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    tokens = await Flow(http).tokens(ALICE, provider.password_of("alice"))

    claims = claims_of(provider, tokens["access_token"])
    assert claims["iss"] == provider.settings.issuer
    assert claims["aud"] == "shopmesh-api"
    assert claims["client_id"] == "cli"
    assert claims["scope"] == tokens["scope"] == "orders profile"
    assert set(claims) == {"iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp", "auth_time", "sid"}
    assert tokens["expires_in"] == 300
    assert "id_token" not in tokens
    header = jwt.decode(
        tokens["access_token"], KeySet.import_key_set(json.loads(provider.settings.jwks_file.read_text()))
    ).header
    assert header["typ"] == "at+jwt"


async def test_the_answer_names_state_and_issuer(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    redirect = await Flow(http).submit(ALICE, provider.password_of("alice"))

    answer = answer_of(redirect)
    assert redirect.headers["location"].startswith(f"{LOOPBACK}?")
    assert answer["state"] == "the state"
    assert answer["iss"] == provider.settings.issuer


async def test_an_id_token_comes_with_the_scope_openid(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http, scope="openid email profile", extra={"nonce": "n-0S6"})

    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    claims = claims_of(provider, tokens["id_token"])
    assert claims["aud"] == "cli"
    assert claims["nonce"] == "n-0S6"
    assert claims["email"] == ALICE
    userinfo = await http.get(
        "/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo.json() == {
        "sub": claims["sub"],
        "email": ALICE,
        "email_verified": True,
        "name": "Alice",
        "locale": "en",
    }


async def test_the_admin_gets_every_scope_of_staff(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    tokens = await Flow(http).tokens("admin@example.com", provider.password_of("admin"))

    assert tokens["scope"] == (
        "audit catalog:write notifications:admin orders orders:fulfil profile stock:write users:admin"
    )


async def test_a_token_carries_less_when_less_is_asked_for_and_never_more_than_allowed(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    tokens = await Flow(http, scope="orders audit").tokens(ALICE, provider.password_of("alice"))

    assert tokens["scope"] == "orders"


@pytest.mark.parametrize("scope", ["audit", "wms", "nonsense"])
async def test_a_scope_that_the_account_cannot_have_is_refused(
    provider: RunningProvider, http: httpx.AsyncClient, scope: str
) -> None:
    flow = Flow(http, scope=scope)
    opened = await flow.open()
    redirect = (
        opened if opened.status_code == 303 else await flow.submit(ALICE, provider.password_of("alice"))
    )

    assert answer_of(redirect)["error"] == "invalid_scope"


async def test_of_50_parallel_redemptions_exactly_one_succeeds(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    code = await flow.code(ALICE, provider.password_of("alice"))

    answers = await asyncio.gather(*(flow.redeem(code) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    refused = {answer.json()["error"] for answer in answers if answer.status_code == 400}
    assert refused == {"invalid_grant"}


async def test_using_a_code_again_ends_what_it_was_worth(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    code = await flow.code(ALICE, provider.password_of("alice"))
    tokens = (await flow.redeem(code)).json()

    await flow.redeem(code)

    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_is_good_for_60_seconds(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    flow = Flow(http)
    code = await flow.code(ALICE, provider.password_of("alice"))

    provider.clock.turn_on(seconds=61)

    assert (await flow.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_stolen_code_is_worth_nothing_without_its_verifier_and_client(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    code = await flow.code(ALICE, provider.password_of("alice"))
    thief = Flow(http, client_id="checkout", secret=provider.secret_of("checkout"), verifier=flow.verifier)

    wrong_verifier = await flow.redeem(code, code_verifier="x" * 43)
    no_verifier = await flow.redeem(code, code_verifier="")
    wrong_client = await thief.redeem(code)
    wrong_uri = await flow.redeem(code, redirect_uri="http://127.0.0.1:1/callback")

    assert wrong_verifier.json()["error"] == "invalid_grant"
    assert no_verifier.json()["error"] == "invalid_request"
    assert wrong_client.json()["error"] == "invalid_grant"
    assert wrong_uri.json()["error"] == "invalid_grant"
    assert (await flow.redeem(code)).status_code == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/callback",
        "http://127.0.0.1:43210/callback/../evil",
        "http://127.0.0.1:43210/callback?x=1",
        "http://127.0.0.1:43210/callback#x",
        "http://evil@127.0.0.1:43210/callback",
        "http://127.0.0.1.evil.example:43210/callback",
        "http://localhost:43210/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:43210/Callback",
        'http://127.0.0.1:43210/"callback',
        "javascript:alert(1)",
        "",
    ],
)
async def test_an_unregistered_redirect_uri_is_never_redirected_to(
    http: httpx.AsyncClient, redirect_uri: str
) -> None:
    response = await Flow(http, redirect_uri=redirect_uri).open()

    assert response.status_code == 400
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")


async def test_the_checkout_may_return_to_its_own_callback_only(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    own = [f"http://{host}:8080/session/callback" for host in ("localhost", "127.0.0.1")]
    strange = ["http://localhost:8081/session/callback", LOOPBACK]

    opened = [
        (await Flow(http, client_id="checkout", redirect_uri=uri).open()).status_code for uri in own + strange
    ]

    assert opened == [200, 200, 400, 400]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"max_age": "old"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_told_to_the_client_by_a_redirect(
    http: httpx.AsyncClient, changed: dict[str, str], error: str
) -> None:
    answer = answer_of(await Flow(http, extra=changed).open())

    assert answer["error"] == error
    assert answer["state"] == "the state"


async def test_a_repeated_parameter_is_refused(http: httpx.AsyncClient) -> None:
    authorize = await http.get("/oauth2/authorize?response_type=code&client_id=cli&client_id=checkout")
    token = await http.post(
        "/oauth2/token",
        content="grant_type=client_credentials&grant_type=refresh_token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (authorize.status_code, token.status_code) == (400, 400)
    assert token.json()["error"] == "invalid_request"
