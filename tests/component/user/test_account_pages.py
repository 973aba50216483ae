"""The pages of accounts: what a browser does from the registration to the end (ASVS 5, 3.5, 6.2, 7.4)."""

import re

import httpx
import pytest

from mesh.contract import load_contract
from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from tests.component.user.calls import PASSWORD, notification
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, field_of, fill
from tests.component.user.outbox import newest_user, types_of
from tests.component.user.pages import ALICE, heading, log_in, own_id, save_profile

CAROL = "carol@example.com"
PAGES = sorted(
    endpoint.path for endpoint in load_contract().http_endpoints if endpoint.path.startswith("/account")
)
OPEN = {
    f"/account/{name}"
    for name in ("register", "verify", "forgot", "reset", "login", "logout", "device", "email/confirm")
}
HTML = {"accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_safe_and_whole_in_each_language(
    provider: RunningProvider, http: httpx.AsyncClient, path: str
) -> None:
    if path not in OPEN:
        await log_in(provider, http)
    english = await http.get(path, follow_redirects=True)
    # What an account says outranks the browser.
    if path not in OPEN:
        await save_profile(http, "Alice", "de")
    german = await http.get(path, headers={"accept-language": "de-AT"}, follow_redirects=True)

    for page, language in ((english, "en"), (german, "de")):
        assert page.status_code == 200
        assert f'<html lang="{language}">' in page.text
        assert page.headers["content-language"] == language
        assert page.headers["cache-control"] == "no-store"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text
        assert not re.findall(r'(?:src|href)="(?!/|#)', page.text)
    assert heading(english) != heading(german)


@pytest.mark.parametrize("path", sorted(set(PAGES) - OPEN))
async def test_who_is_not_logged_in_is_sent_to_the_login_and_comes_back(
    provider: RunningProvider, http: httpx.AsyncClient, path: str
) -> None:
    away = await http.get(path)
    assert away.status_code == 303
    assert away.headers["location"] == f"/account/login?next={path}"

    email, password = ALICE, provider.password_of("alice")
    back = await fill(http, away.headers["location"], email=email, password=password)

    assert (back.status_code, back.headers["location"]) == (303, path)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/account", "/account/../v1", "/accountant@evil", "/account?x"],
)
async def test_a_login_leads_nowhere_else(
    provider: RunningProvider, http: httpx.AsyncClient, path: str
) -> None:
    login = str(httpx.URL("/account/login", params={"next": path}))

    entered = await fill(http, login, email=ALICE, password=provider.password_of("alice"))

    assert entered.headers["location"] == "/account"


@pytest.mark.parametrize(
    "forged",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"cookie": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [path for path in PAGES if path != "/account"])
async def test_a_form_of_another_site_does_nothing(
    provider: RunningProvider, http: httpx.AsyncClient, path: str, forged: dict[str, str]
) -> None:
    if path not in OPEN:
        await log_in(provider, http)
    page = await http.get("/account/register")
    token = field_of(page, "csrf_token")
    if "cookie" in forged:
        del http.cookies["__Host-form"]
        forged = {}

    refused = await http.post(path, data={"csrf_token": token, "sure": "yes"}, headers={**HTML, **forged})

    assert refused.status_code == 403
    assert heading(refused) == "This form has expired"


async def test_a_browser_goes_from_the_registration_to_the_end(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    mails = await notification(provider, http)
    asked = await fill(http, "/account/register", email="Carol@Example.com")
    assert heading(asked) == "Look at your mails"
    assert "Carol@Example.com" in asked.text
    user_id = newest_user(provider)
    token = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)
    chosen = {"token": token, "password": PASSWORD, "displayName": "Carol"}
    done = await fill(http, f"/account/verify?token={token}", **chosen)
    assert heading(done) == "Your address is confirmed"

    entered = await fill(http, "/account/login", email=CAROL, password=PASSWORD)
    assert entered.headers["location"] == "/account"
    saved = await save_profile(http, "Caroline", "de")
    page = await http.get(saved.headers["location"])
    assert 'value="Caroline"' in page.text
    assert heading(page) == "Ihr Konto"

    home = {"recipient": "Caroline", "line1": "Lindenweg 1", "city": "Berlin", "countryCode": "DE"}
    named = {f"address.{name}": value for name, value in home.items()}
    wrong = await fill(http, "/account/addresses", **named, **{"address.postalCode": "1"})
    assert (wrong.status_code, wrong.text.count('class="wrong"')) == (400, 1)
    assert 'value="Lindenweg 1"' in wrong.text
    await fill(http, "/account/addresses", **named, **{"address.postalCode": "10115"})
    listed = await http.get("/account/addresses")
    assert "10115 Berlin" in listed.text
    await fill(http, "/account/addresses", addressId=field_of(listed, "addressId"))
    assert "10115 Berlin" not in (await http.get("/account/addresses")).text

    changed = await fill(
        http, "/account/password", currentPassword=PASSWORD, newPassword="her very own second one"
    )
    assert changed.headers["location"] == "/account/password?done=1"

    exported = await fill(http, "/account/export")
    assert exported.json()["user"]["displayName"] == "Caroline"
    kinds = [event["kind"] for event in exported.json()["activities"]]
    assert kinds == ["REGISTERED", "EMAIL_VERIFIED", "LOGIN", "ACCOUNT_CHANGED", "PASSWORD_CHANGED"]

    unsure = await fill(http, "/account/erase")
    erased = await fill(http, "/account/erase", sure="yes")
    assert heading(unsure) == "Konto löschen"
    assert heading(erased) == "Ihr Konto ist gelöscht"
    assert (await http.get("/account")).status_code == 303
    assert types_of(provider, user_id)[-1] == "UserErased"
    assert (await Flow(http).submit(CAROL, "her very own second one")).status_code == 403


async def test_what_needs_a_fresh_login_asks_for_it(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    provider.clock.turn_on(minutes=6)

    for path, fields in (
        ("/account/export", {}),
        ("/account/erase", {"sure": "yes"}),
        ("/account/email", {"newEmail": "alice@example.org"}),
    ):
        answer = await fill(http, path, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/account/login?next={path}")


async def test_the_new_address_is_proved_and_the_old_one_gets_a_mail(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    mails, user_id = await notification(provider, http), await own_id(http)

    asked = await fill(http, "/account/email", newEmail="Alice@Bücher.example")
    assert asked.headers["location"] == "/account/email?done=1"
    prepared = await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_CONFIRM_EMAIL)
    token = prepared.link.partition("?token=")[2]
    confirmed = await fill(http, f"/account/email/confirm?token={token}", token=token)
    again = await fill(http, f"/account/email/confirm?token={token}", token=token)

    assert (prepared.email, prepared.display_name) == ("alice@xn--bcher-kva.example", "")
    assert heading(confirmed) == "Your address is changed"
    assert again.status_code == 400
    last = await mails.prepare(newest_user(provider), contact_pb.MAIL_PURPOSE_EMAIL_CHANGED)
    assert (last.email, last.display_name, last.link) == (ALICE, "", "")
    password = provider.password_of("alice")
    assert (await Flow(http).submit("alice@xn--bcher-kva.example", password)).status_code == 303
    assert (await Flow(http).submit(ALICE, password)).status_code == 403


async def test_no_customer_floods_the_mailbox_of_another(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    user_id = await own_id(http)

    for _ in range(5):
        provider.clock.turn_on(seconds=30)
        asked = await fill(http, "/account/email", newEmail=CAROL)
        assert asked.headers["location"] == "/account/email?done=1"

    assert types_of(provider, user_id).count("MailRequested") == 3


async def test_an_address_that_somebody_has_gets_a_mail_and_the_caller_learns_nothing(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)

    asked = await fill(http, "/account/email", newEmail="bob@example.com")

    assert asked.headers["location"] == "/account/email?done=1"
    bobs = newest_user(provider)
    assert bobs != await own_id(http)
    assert types_of(provider, bobs)[-1] == "MailRequested"


@pytest.mark.parametrize("path", ["/nothing", "/account/nothing", "/account/nothing/at/all"])
async def test_nothing_is_a_page_for_browsers_and_json_for_programs(
    http: httpx.AsyncClient, path: str
) -> None:
    page, document = await http.get(path, headers=HTML), await http.get(path)

    assert (page.status_code, document.status_code) == (404, 404)
    assert heading(page) == "There is nothing here"
    assert 'href="/"' in page.text
    assert document.json()["error"] == "invalid_request"


async def test_a_field_that_is_there_twice_is_refused(http: httpx.AsyncClient) -> None:
    token = field_of(await http.get("/account/register"), "csrf_token")
    body = f"csrf_token={token}&email=a@example.com&email=b@example.com"

    refused = await http.post(
        "/account/register",
        content=body,
        headers={**HTML, "content-type": "application/x-www-form-urlencoded"},
    )

    assert refused.status_code == 400


@pytest.mark.parametrize(("accept", "kind"), [("text/html", "text/html"), ("*/*", "application/json")])
async def test_what_nobody_expects_is_a_page_for_browsers_too(
    provider: RunningProvider,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    accept: str,
    kind: str,
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("planted secret")

    monkeypatch.setattr("services.user.application.sessions.Sessions.use", broken)

    answer = await http.get("/account", headers={"accept": accept})

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith(kind)
    assert "planted secret" not in answer.text
