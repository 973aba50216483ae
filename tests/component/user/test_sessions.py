"""Sessions: one browser, one person; how long they last, and what ends them (ASVS 5, chapter 7)."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc.jws import extract_compact

from services.user.application.sessions import Sessions
from services.user.domain.security_event import Origin
from services.user.entrypoints.visit import SESSION_COOKIE
from tests.component.user.calls import notification
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, answer_of
from tests.component.user.test_endpoints import checkout, introspected

ALICE, BOB, ADMIN = "alice@example.com", "bob@example.com", "admin@example.com"


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(extract_compact(token.encode()).payload)
    return found


async def is_logged_in(provider: RunningProvider, http: httpx.AsyncClient) -> bool:
    """Whether the browser gets a code without a password."""
    return (await checkout(provider, http).open()).status_code == 303


async def log_in(provider: RunningProvider, http: httpx.AsyncClient, email: str = ALICE) -> dict[str, Any]:
    flow = replace(checkout(provider, http), extra={"prompt": "login"})
    return await flow.tokens(email, provider.password_of(email.partition("@")[0]))


async def test_a_fresh_login_goes_on_with_the_session_and_takes_the_old_cookie_away(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    first = await log_in(provider, http)
    stolen = http.cookies[SESSION_COOKIE]
    provider.clock.turn_on(minutes=10)

    second = await log_in(provider, http)

    assert claims(first["access_token"])["sid"] == claims(second["access_token"])["sid"]
    assert claims(second["access_token"])["auth_time"] - claims(first["access_token"])["auth_time"] == 600
    assert http.cookies[SESSION_COOKIE] != stolen
    http.cookies.clear()
    http.cookies.set(SESSION_COOKIE, stolen)
    assert not await is_logged_in(provider, http)
    assert (await checkout(provider, http).refresh(first["refresh_token"])).status_code == 200


async def test_a_login_of_another_account_ends_the_session_before(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    alices = await log_in(provider, http)

    bobs = await log_in(provider, http, BOB)

    assert claims(alices["access_token"])["sid"] != claims(bobs["access_token"])["sid"]
    refreshed = await checkout(provider, http).refresh(alices["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    assert await introspected(provider, http, alices["access_token"]) == {"active": False}
    assert (await introspected(provider, http, bobs["access_token"]))["active"] is True


@pytest.mark.parametrize(("email", "idle_minutes"), [(ALICE, 120), (ADMIN, 30)])
async def test_a_cookie_ends_when_nobody_uses_it(
    provider: RunningProvider, http: httpx.AsyncClient, email: str, idle_minutes: int
) -> None:
    await log_in(provider, http, email)
    for _ in range(3):
        provider.clock.turn_on(minutes=idle_minutes - 1)
        assert await is_logged_in(provider, http)

    provider.clock.turn_on(minutes=idle_minutes)

    assert not await is_logged_in(provider, http)


async def test_a_cookie_ends_after_twelve_hours_however_often_it_is_used(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    for _ in range(11):
        provider.clock.turn_on(hours=1)
        assert await is_logged_in(provider, http)

    provider.clock.turn_on(hours=1)

    assert not await is_logged_in(provider, http)


async def test_a_refresh_token_ends_after_a_week_without_use_and_after_thirty_days(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow, tokens = Flow(http), await Flow(http).tokens(ALICE, provider.password_of("alice"))
    for _ in range(4):
        provider.clock.turn_on(days=6, hours=23)
        answer = await flow.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.json()
    provider.clock.turn_on(days=3)
    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"

    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    provider.clock.turn_on(days=7)
    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_logging_out_logs_out_long_after_the_cookie_has_ended(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    service, tokens = await notification(provider, http), await log_in(provider, http)
    flow, sid = checkout(provider, http), claims(tokens["access_token"])["sid"]
    for _ in range(4):
        provider.clock.turn_on(days=6)
        tokens = (await flow.refresh(tokens["refresh_token"])).json()
    lasting = claims(tokens["id_token"])["exp"] - claims(tokens["id_token"])["iat"]
    assert lasting == 6 * 24 * 3600, "as long as the refresh tokens that are left"

    left = await http.get("/oauth2/logout", params={"id_token_hint": tokens["id_token"]})

    assert "Logged out" in left.text
    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await introspected(provider, http, tokens["access_token"]) == {"active": False}
    assert sid in {revocation.sid for revocation in await service.revocations()}


async def test_a_session_that_ends_while_it_is_looked_at_gets_no_code(
    provider: RunningProvider, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, use = await log_in(provider, http), Sessions.use
    service = await notification(provider, http)

    async def ended(sessions: Sessions, cookie: str) -> Any:
        session = await use(sessions, cookie)
        if session is not None:
            origin = Origin(f"customer:{session.user_id}")
            await sessions.end_others(session.user_id, "", origin=origin)
        return session

    monkeypatch.setattr(Sessions, "use", ended)
    answer = await checkout(provider, http).open()

    assert answer_of(answer)["error"] == "login_required"
    sid = claims(tokens["access_token"])["sid"]
    assert sid in {revocation.sid for revocation in await service.revocations()}
