"""Refresh tokens: rotation, its grace, reuse, and what ends them."""

import asyncio
import sqlite3

import httpx

from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow

ALICE = "alice@example.com"


async def test_of_50_parallel_refreshes_all_get_the_same_successor(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    answers = await asyncio.gather(*(flow.refresh(tokens["refresh_token"]) for _ in range(50)))

    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert successors != {tokens["refresh_token"]}
    assert (await flow.refresh(successors.pop())).status_code == 200


async def test_a_lost_answer_can_be_asked_for_again_within_ten_seconds(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    first = (await flow.refresh(tokens["refresh_token"])).json()

    provider.clock.turn_on(seconds=9)
    again = (await flow.refresh(tokens["refresh_token"])).json()

    assert again["refresh_token"] == first["refresh_token"]


async def test_a_later_reuse_ends_the_whole_family(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    successor = (await flow.refresh(tokens["refresh_token"])).json()

    provider.clock.turn_on(seconds=11)
    reuse = await flow.refresh(tokens["refresh_token"])

    assert reuse.json()["error"] == "invalid_grant"
    assert (await flow.refresh(successor["refresh_token"])).json()["error"] == "invalid_grant"
    userinfo = await introspected(provider, http, successor["access_token"])
    assert userinfo == {"active": False}


async def test_another_login_outlives_the_reuse(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    flow, other = Flow(http), Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    others = await other.tokens(ALICE, provider.password_of("alice"))
    await flow.refresh(tokens["refresh_token"])
    provider.clock.turn_on(seconds=11)
    await flow.refresh(tokens["refresh_token"])

    assert (await other.refresh(others["refresh_token"])).status_code == 200


async def test_a_refresh_token_belongs_to_its_client(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))
    thief = Flow(http, client_id="checkout", secret=provider.secret_of("checkout"))

    stolen = await thief.refresh(tokens["refresh_token"])

    assert stolen.json()["error"] == "invalid_grant"
    assert (await flow.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_refresh_may_ask_for_less_and_not_for_more(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    less = await flow.refresh(tokens["refresh_token"], scope="profile")
    more = await flow.refresh(less.json()["refresh_token"], scope="profile audit")

    assert less.json()["scope"] == "profile"
    assert more.json()["error"] == "invalid_scope"


async def test_a_login_ends_after_30_days(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    flow = Flow(http)
    tokens = await flow.tokens(ALICE, provider.password_of("alice"))

    provider.clock.turn_on(days=30, seconds=1)

    assert (await flow.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_nothing_is_stored_in_the_clear(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    flow = Flow(http)
    code = await flow.code(ALICE, provider.password_of("alice"))
    tokens = (await flow.redeem(code)).json()
    successor = (await flow.refresh(tokens["refresh_token"])).json()
    cookies = list(http.cookies.values())

    with sqlite3.connect(provider.settings.database("user")) as database:
        stored = "\n".join(database.iterdump())
    database.close()

    secrets = [code, tokens["refresh_token"], successor["refresh_token"], tokens["access_token"], *cookies]
    assert len(secrets) == 7
    assert [secret for secret in [*secrets, provider.password_of("alice")] if secret in stored] == []


async def introspected(provider: RunningProvider, http: httpx.AsyncClient, token: str) -> object:
    answer = await http.post(
        "/oauth2/introspect", data={"token": token}, auth=("order", provider.secret_of("order"))
    )
    return answer.json()
