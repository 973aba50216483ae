"""Client credentials, revocation, introspection, documents and logout."""

import base64
import stat

import httpx
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, field_of

ALICE = "alice@example.com"
CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


async def client_token(
    provider: RunningProvider, http: httpx.AsyncClient, client: str, **form: str
) -> httpx.Response:
    return await http.post(
        "/oauth2/token", data=CLIENT_CREDENTIALS | form, auth=(client, provider.secret_of(client))
    )


@pytest.mark.parametrize("parameter", ["audience", "resource"])
async def test_a_service_of_the_mesh_gets_a_token_for_the_service_that_it_calls(
    provider: RunningProvider, http: httpx.AsyncClient, parameter: str
) -> None:
    answer = (await client_token(provider, http, "order", **{parameter: "inventory"})).json()

    keys = KeySet.import_key_set((await http.get("/oauth2/jwks.json")).json())
    claims = jwt.decode(answer["access_token"], keys, ["ES256"]).claims
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("order", "order", "shopmesh-inventory")
    assert answer["expires_in"] == 900
    assert "refresh_token" not in answer
    assert "auth_time" not in claims


@pytest.mark.parametrize("form", [{}, {"audience": "shopmesh-api"}, {"audience": "billing"}])
async def test_a_service_of_the_mesh_has_to_name_an_audience(
    provider: RunningProvider, http: httpx.AsyncClient, form: dict[str, str]
) -> None:
    answer = await client_token(provider, http, "order", **form)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_target"


async def test_the_warehouse_system_gets_its_one_scope_for_the_shops_api(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    answer = (await client_token(provider, http, "wms")).json()

    assert answer["scope"] == "wms"
    assert answer["expires_in"] == 300
    assert (await client_token(provider, http, "wms", audience="order")).json()["error"] == "invalid_target"
    assert (await client_token(provider, http, "wms", scope="audit")).json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic " + base64.b64encode(b"order:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:x").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic ***",
        "Basic",
        "Bearer x",
    ],
)
async def test_a_client_that_cannot_prove_itself_gets_nothing(
    http: httpx.AsyncClient, authorization: str
) -> None:
    answer = await http.post(
        "/oauth2/token", data=CLIENT_CREDENTIALS, headers={"Authorization": authorization}
    )

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_public_client_has_no_credentials_to_be_granted_by(http: httpx.AsyncClient) -> None:
    answer = await http.post("/oauth2/token", data=CLIENT_CREDENTIALS | {"client_id": "cli"})

    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("grant_type", ["password", "implicit", ""])
async def test_other_grants_do_not_exist(http: httpx.AsyncClient, grant_type: str) -> None:
    answer = await http.post("/oauth2/token", data={"grant_type": grant_type, "client_id": "cli"})

    assert answer.json()["error"] == "unsupported_grant_type"


async def test_a_revoked_refresh_token_takes_its_access_tokens_with_it(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http, scope="openid profile")
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    revoked = await http.post("/oauth2/revoke", data={"token": tokens["refresh_token"], "client_id": "cli"})

    assert revoked.status_code == 200
    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await http.get("/oauth2/userinfo", headers=bearer)).status_code == 401


async def test_an_access_token_can_be_revoked_alone(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    await http.post(
        "/oauth2/revoke",
        data={"token": tokens["access_token"], "client_id": "cli", "token_type_hint": "nonsense"},
    )

    assert await introspected(provider, http, tokens["access_token"]) == {"active": False}
    assert (await flow.refresh(tokens["refresh_token"])).status_code == 200


async def test_introspection_tells_services_what_a_token_says(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    tokens = await Flow(http).tokens(ALICE, provider.password_of("alice"))

    access = await introspected(provider, http, tokens["access_token"])
    refresh = await introspected(provider, http, tokens["refresh_token"])
    nothing = await introspected(provider, http, "nonsense")
    by_stranger = await introspected(provider, http, tokens["access_token"], client="wms")

    assert (access["active"], access["scope"], access["client_id"]) == (True, "orders profile", "cli")
    assert (refresh["active"], refresh["token_type"]) == (True, "refresh_token")
    assert nothing == by_stranger == {"active": False}


async def test_userinfo_needs_a_token_with_openid(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    tokens = await Flow(http).tokens(ALICE, provider.password_of("alice"))

    without = await http.get("/oauth2/userinfo")
    with_less = await http.get(
        "/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )

    assert (without.status_code, with_less.status_code) == (401, 403)
    assert with_less.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


async def test_discovery_describes_the_provider(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    openid = (await http.get("/.well-known/openid-configuration")).json()
    oauth = (await http.get("/.well-known/oauth-authorization-server")).json()

    AuthorizationServerMetadata(oauth).validate()
    assert openid == oauth
    assert openid["issuer"] == provider.settings.issuer
    assert openid["code_challenge_methods_supported"] == ["S256"]
    assert {"orders", "wms", "openid"} <= set(openid["scopes_supported"])


async def test_no_private_key_is_published(http: httpx.AsyncClient) -> None:
    for key in (await http.get("/oauth2/jwks.json")).json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_secrets_are_readable_by_their_owner_only(provider: RunningProvider) -> None:
    files = [path for path in provider.settings.secrets.rglob("*") if path.is_file()]

    assert len(files) == 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files} == {0o700}
    credentials = provider.settings.home / "credentials.json"
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


async def test_a_body_that_is_no_form_or_too_long_is_refused(http: httpx.AsyncClient) -> None:
    as_json = await http.post("/oauth2/token", json=CLIENT_CREDENTIALS)
    too_long = await http.post("/oauth2/token", data={"code": "x" * 70_000})

    assert (as_json.status_code, too_long.status_code) == (415, 413)
    assert as_json.json()["error"] == too_long.json()["error"] == "invalid_request"


async def test_logging_out_needs_a_click_unless_the_client_proves_whose_login_it_is(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = checkout(provider, http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    assert (await flow.open()).status_code == 303

    asked = await http.get("/oauth2/logout")
    forged = await http.post("/oauth2/logout", data={"csrf_token": "guess"})
    assert asked.status_code == forged.status_code == 200
    assert (await flow.open()).status_code == 303

    left = await http.get(
        "/oauth2/logout",
        params={
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": "http://localhost:8080/",
        },
    )
    assert left.headers["location"] == "http://localhost:8080/"
    assert (await flow.open()).status_code == 200
    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await introspected(provider, http, tokens["access_token"]) == {"active": False}


async def test_a_click_logs_out(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    flow = checkout(provider, http)
    await flow.tokens(ALICE, provider.password_of("alice"))

    page = await http.get("/oauth2/logout", params={"post_logout_redirect_uri": "https://evil.example/"})
    left = await http.post("/oauth2/logout", data={"csrf_token": field_of(page, "csrf_token")})

    assert "Logged out" in left.text
    assert (await flow.open()).status_code == 200


def checkout(provider: RunningProvider, http: httpx.AsyncClient) -> Flow:
    return Flow(
        http,
        client_id="checkout",
        redirect_uri="http://localhost:8080/session/callback",
        scope="openid profile orders",
        secret=provider.secret_of("checkout"),
    )


async def introspected(
    provider: RunningProvider, http: httpx.AsyncClient, token: str, client: str = "order"
) -> dict[str, object]:
    answer = await http.post(
        "/oauth2/introspect", data={"token": token}, auth=(client, provider.secret_of(client))
    )
    document: dict[str, object] = answer.json()
    return document
