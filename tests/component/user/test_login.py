"""The login page: who gets in, who does not, and what strangers can learn."""

import sqlite3
import unicodedata
from contextlib import closing
from dataclasses import replace

import httpx
import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from services.user.domain.session import SESSION_LIFETIME
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, answer_of, field_of
from tests.component.user.test_endpoints import checkout

ALICE = "alice@example.com"


async def test_the_page_has_no_script_and_a_strict_policy(http: httpx.AsyncClient) -> None:
    page = await Flow(http).open()

    assert page.status_code == 200
    assert "<script" not in page.text
    assert "style=" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self' http://127.0.0.1:43210;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_the_form_needs_the_cookie_of_its_page(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    page = await flow.open()
    http.cookies.clear()

    forged = await http.post(
        page.url.raw_path.decode(),
        data={
            "csrf_token": field_of(page, "csrf_token"),
            "email": ALICE,
            "password": provider.password_of("alice"),
        },
    )

    assert forged.status_code == 403
    assert "This form has expired" in forged.text


async def test_unknown_addresses_and_wrong_passwords_look_the_same(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    wrong = await Flow(http).submit(ALICE, "a wrong password")
    unknown = await Flow(http).submit("aline@example.com", "a wrong password")

    assert wrong.status_code == unknown.status_code == 403
    assert _message(wrong) == _message(unknown) == "This address and this password do not belong together."


async def test_a_session_spares_the_shop_the_password_but_never_a_public_client(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    first = await checkout(provider, http).submit(ALICE, provider.password_of("alice"))

    again = await checkout(provider, http).open()
    silent = await replace(checkout(provider, http), extra={"prompt": "none"}).open()
    asked_anew = await replace(checkout(provider, http), extra={"prompt": "login"}).open()
    public = await Flow(http).open()

    assert "httponly" in first.headers["set-cookie"].lower()
    assert [again.status_code, silent.status_code] == [303, 303]
    assert "code" in answer_of(again)
    assert [asked_anew.status_code, public.status_code] == [200, 200]


async def test_a_client_can_ask_for_a_fresh_login(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    await checkout(provider, http).submit(ALICE, provider.password_of("alice"))
    fresh = replace(checkout(provider, http), extra={"max_age": "300"})

    assert (await fresh.open()).status_code == 303
    provider.clock.turn_on(seconds=301)
    assert (await fresh.open()).status_code == 200


async def test_a_session_ends(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    await checkout(provider, http).submit(ALICE, provider.password_of("alice"))

    provider.clock.turn_on(seconds=SESSION_LIFETIME.total_seconds() + 1)

    assert (await checkout(provider, http).open()).status_code == 200


async def test_what_a_visitor_types_stays_text(http: httpx.AsyncClient) -> None:
    page = await Flow(http).submit('"><script>alert(1)</script>@example.com', "whatever it is")

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_authorize_and_token_calls_are_logged_without_secrets(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    with capture_logs() as lines:
        await flow.submit(ALICE, "a wrong password")
        code = await flow.code(ALICE, provider.password_of("alice"))
        tokens = (await flow.redeem(code)).json()
        await flow.redeem(code)

    logged = [(line["event"], line["client_id"], line["grant_type"], line["outcome"]) for line in lines]
    assert logged == [
        ("authorize", "cli", "authorization_code", "login_page"),
        ("authorize", "cli", "authorization_code", "wrong_password"),
        ("authorize", "cli", "authorization_code", "login_page"),
        ("authorize", "cli", "authorization_code", "code_issued"),
        ("token", "cli", "authorization_code", "issued"),
        ("token", "cli", "authorization_code", "invalid_grant"),
    ]
    assert not [secret for secret in (code, ALICE, *tokens.values()) if str(secret) in str(lines)]


@pytest.mark.parametrize(
    "path", ["/oauth2/authorize", "/oauth2/authorize?client_id=nobody&response_type=code"]
)
async def test_a_request_without_a_known_client_gets_a_page_that_says_so(
    http: httpx.AsyncClient, path: str
) -> None:
    page = await http.get(path)

    assert page.status_code == 400
    assert "This does not work" in page.text


def _message(page: httpx.Response) -> str:
    return page.text.split('id="problem">')[1].split("<")[0]


@pytest.mark.parametrize("passes", [1, 2], ids=["weak", "of today"])
async def test_a_hash_of_before_is_replaced_when_its_password_comes(
    provider: RunningProvider, http: httpx.AsyncClient, passes: int
) -> None:
    """It was made of a password as a keyboard had composed it, perhaps with weaker parameters."""
    decomposed = unicodedata.normalize("NFD", "größere Straßenbäume")
    before = PasswordHasher(time_cost=passes, memory_cost=19_456, parallelism=1).hash(decomposed)
    with closing(sqlite3.connect(provider.settings.database("user"))) as database, database:
        database.execute("UPDATE accounts SET password_hash = ? WHERE email = ?", (before, ALICE))

    assert (await Flow(http).submit(ALICE, decomposed)).status_code == 303
    with closing(sqlite3.connect(provider.settings.database("user"))) as database:
        ((after,),) = database.execute("SELECT password_hash FROM accounts WHERE email = ?", (ALICE,))

    assert after != before
    assert "m=19456,t=2,p=1" in after
    assert (await Flow(http).submit(ALICE, unicodedata.normalize("NFC", decomposed))).status_code == 303
    assert (await Flow(http).submit(ALICE, decomposed)).status_code == 303


async def test_every_cookie_is_this_hosts_alone_and_no_scripts(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    page = await Flow(http).open()
    entered = await Flow(http).submit(ALICE, provider.password_of("alice"))

    lines = [*page.headers.get_list("set-cookie"), *entered.headers.get_list("set-cookie")]
    assert len({line.partition("=")[0] for line in lines}) == 3
    for line in lines:
        attributes = {each.strip().lower() for each in line.split(";")[1:]}
        assert line.startswith("__Host-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not [each for each in attributes if each.startswith("domain")]
