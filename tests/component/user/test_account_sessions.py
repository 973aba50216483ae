"""The sessions and devices of an account, on its pages (ASVS 5, 7.4)."""

import httpx

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from tests.component.user.calls import notification
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import field_of, fill
from tests.component.user.outbox import types_of
from tests.component.user.pages import ALICE, heading, log_in, own_id
from tests.component.user.test_endpoints import checkout


async def test_sessions_are_seen_and_ended(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    elsewhere = await checkout(provider, http).tokens(ALICE, provider.password_of("alice"))
    http.cookies.clear()
    http.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
    await log_in(provider, http)

    page = await http.get("/account/sessions")
    assert "Firefox, Linux" in page.text
    assert page.text.count("<li>") == 2
    await fill(http, "/account/sessions", sessionId=field_of(page, "sessionId"))

    assert (await http.get("/account/sessions")).text.count("<li>") == 1
    refreshed = await checkout(provider, http).refresh(elsewhere["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


async def test_all_others_are_ended_at_once(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    for _ in range(3):
        http.cookies.clear()
        await log_in(provider, http)
    assert (await http.get("/account/sessions")).text.count("<li>") == 3

    await fill(http, "/account/sessions", others="all")

    assert (await http.get("/account/sessions")).text.count("<li>") == 1


async def test_owners_who_are_throttled_make_their_device_known_by_mail(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    mails, password = await notification(provider, http), provider.password_of("alice")
    await log_in(provider, http)
    user_id = await own_id(http)
    http.cookies.clear()
    for _ in range(5):
        await fill(http, "/account/login", email=ALICE, password="a guess")
    refused = await fill(http, "/account/login", email=ALICE, password=password)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Is it you?" in refused.text

    asked = await fill(http, "/account/device", email=ALICE)
    token = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_CONFIRM_DEVICE)
    known = await fill(http, f"/account/device?token={token}", token=token)
    again = await fill(http, f"/account/device?token={token}", token=token)

    assert heading(asked) == "Look at your mails"
    assert heading(known) == "This device is known now"
    assert again.status_code == 400
    await log_in(provider, http)
    provider.clock.turn_on(seconds=1)
    assert await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_CONFIRM_DEVICE) != token


async def test_a_new_device_is_mailed_about_but_not_the_first(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    user_id = await own_id(http)
    assert types_of(provider, user_id).count("MailRequested") == 0
    await log_in(provider, http)
    assert types_of(provider, user_id).count("MailRequested") == 0

    http.cookies.clear()
    await log_in(provider, http)

    assert types_of(provider, user_id).count("MailRequested") == 1


async def test_after_90_days_a_new_device_is_mailed_about_all_the_same(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await log_in(provider, http)
    user_id = await own_id(http)
    provider.clock.turn_on(days=91)
    await provider.housekeeping.clean_up()

    http.cookies.clear()
    await log_in(provider, http)

    assert types_of(provider, user_id).count("MailRequested") == 1


async def test_staff_sees_only_sessions_that_live(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    await log_in(provider, http, "admin")
    http.cookies.clear()
    provider.clock.turn_on(minutes=30)
    await log_in(provider, http, "admin")

    assert (await http.get("/account/sessions")).text.count("<li>") == 1
