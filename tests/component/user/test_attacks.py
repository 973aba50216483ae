"""Attacks on what lies around the login: races, floods, enumeration, clients, the port itself."""

import asyncio

import grpc
import httpx
import pytest

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.component.user.calls import alice, notification, register
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, fill
from tests.component.user.outbox import events_of, newest_user, types_of
from tests.component.user.test_endpoints import client_token
from tests.support.browsing import Browser
from tests.support.serving import reason_of

ALICE, CAROL = "alice@example.com", "carol@example.com"


async def test_registrations_at_once_make_one_account(provider: RunningProvider) -> None:
    await asyncio.gather(*(register(provider, CAROL) for _ in range(20)))

    registered = [event["key"] for event in events_of(provider) if event["type"] == "UserRegistered"]
    assert registered.count(newest_user(provider)) == 1
    assert len(registered) == 1 + len(provider.credentials)
    assert types_of(provider, newest_user(provider)).count("MailRequested") == 3


async def test_of_fifty_who_use_a_link_at_once_one_chooses_the_password(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    mails = await notification(provider, http)
    token = await mails.link_token(newest_user(provider), contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)
    stub = UserServiceStub(provider.channel)

    async def choose(number: int) -> str:
        password = f"password of racer number {number}"
        try:
            await stub.VerifyEmail(
                pb.VerifyEmailRequest(token=token, password=password, display_name="Carol")
            )
        except grpc.aio.AioRpcError as refused:
            return f"refused: {reason_of(refused)}"
        return password

    outcomes = await asyncio.gather(*(choose(number) for number in range(50)))

    (winner,) = (outcome for outcome in outcomes if not outcome.startswith("refused: "))
    assert set(outcomes) - {winner} <= {
        f"refused: {reason}" for reason in ("TOKEN_INVALID", "TOO_BUSY", "RATE_LIMITED")
    }
    assert (await Flow(http).submit(CAROL, winner)).status_code == 303


async def test_what_a_known_device_asks_for_is_not_counted(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    user_id = (await person.user()).user_id
    for _ in range(5):
        await register(provider, ALICE)
    assert types_of(provider, user_id).count("MailRequested") == 3

    for _ in range(2):
        assert (await fill(http, "/account/forgot", email=ALICE)).status_code == 200
    assert types_of(provider, user_id).count("MailRequested") == 5
    http.cookies.clear()
    assert (await fill(http, "/account/forgot", email=ALICE)).status_code == 200
    assert types_of(provider, user_id).count("MailRequested") == 5


@pytest.mark.parametrize("path", ["/account/register", "/account/forgot", "/account/device"])
async def test_pages_answer_the_same_for_known_and_unknown_addresses(
    http: httpx.AsyncClient, path: str
) -> None:
    known = await fill(http, path, email=ALICE)
    unknown = await fill(http, path, email=CAROL)

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(ALICE, "") == unknown.text.replace(CAROL, "")
    assert known.headers.keys() == unknown.headers.keys()


async def test_a_wrong_secret_is_counted_and_a_right_one_never_refused(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    form = {"grant_type": "client_credentials", "audience": "user"}
    guesses = [
        await http.post("/oauth2/token", data=form, auth=("order", f"guess {number}")) for number in range(25)
    ]

    assert [guess.status_code for guess in guesses] == [401] * 20 + [429] * 5
    assert int(guesses[-1].headers["retry-after"]) > 0
    assert (await client_token(provider, http, "order", audience="user")).status_code == 200
    assert (await http.post("/oauth2/token", data=form, auth=("wms", "a guess"))).status_code == 401


async def test_the_port_itself_has_the_limits_of_the_front_door(provider: RunningProvider) -> None:
    limit = provider.context.limits["credentials"]
    async with Browser(provider.url, timeout=30) as http:
        http.headers["x-forwarded-for"] = "192.0.2.1"
        answers = [(await http.get("/account/reset")).status_code for _ in range(limit.burst + 5)]
    proof = {"x-shopmesh-edge": provider.settings.edge_secret, "x-shopmesh-client-address": "192.0.2.7"}
    async with Browser(provider.url, timeout=30, headers=proof) as through_the_front_door:
        assert (await through_the_front_door.get("/account/reset")).status_code == 200

    assert answers[: limit.burst] == [200] * limit.burst
    assert set(answers[limit.burst + 1 :]) == {429}
