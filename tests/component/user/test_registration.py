"""Registering, verifying and resetting: what owners can do and strangers cannot learn."""

from functools import partial

import grpc
import httpx
import pytest

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.component.user.calls import PASSWORD, alice, logged_in, notification, register, used, verify
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, answer_of, fill
from tests.component.user.outbox import events_of, newest_user, types_of
from tests.support.serving import reason_of, violations_of

CAROL = "carol@example.com"


async def test_who_has_the_mail_chooses_how_to_log_in(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    answer = await register(provider, "Carol@Example.com")
    user_id = newest_user(provider)

    token = await (await notification(provider, http)).link_token(
        user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL
    )
    chosen = {"token": token, "password": PASSWORD, "displayName": "Carol"}
    shown = await http.get("/account/verify", params={"token": token})
    early = await Flow(http).submit(CAROL, PASSWORD)
    verify_page = partial(fill, http, "/account/verify")
    weak = await verify_page(**chosen | {"password": "Password1234"})
    nameless = await verify_page(**chosen | {"displayName": " "})
    posted = await verify_page(**chosen)
    again = await verify_page(**chosen | {"password": "a stranger chooses another"})

    assert answer.email == "Carol@Example.com"
    assert early.status_code == 403
    assert (shown.status_code, weak.status_code, nameless.status_code) == (200, 400, 400)
    assert (posted.status_code, again.status_code) == (200, 400)
    carol = await logged_in(provider, http, CAROL, PASSWORD)
    user = await carol.user()
    assert (user.email, user.display_name, user.email_verified) == (CAROL, "Carol", True)
    assert list(user.scopes) == ["orders", "profile"]
    assert types_of(provider, user_id) == ["UserRegistered", "MailRequested", "EmailVerified"]


async def test_an_account_that_is_never_verified_ends_with_its_last_link(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    user_id, mails = newest_user(provider), await notification(provider, http)
    provider.clock.turn_on(hours=23)
    await register(provider, CAROL)
    provider.clock.turn_on(hours=23)
    await provider.housekeeping.clean_up()
    assert (await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)).email == CAROL

    provider.clock.turn_on(hours=1)
    await provider.housekeeping.clean_up()

    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)
    assert reason_of(gone.value) == "USER_NOT_FOUND"
    assert types_of(provider, user_id)[-1] == "UserErased"


async def test_a_known_address_gets_a_mail_and_the_caller_learns_nothing(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    alices_id = (await (await alice(provider, http)).user()).user_id

    known = await register(provider, "alice@example.com")
    unknown = await register(provider, CAROL)

    assert known == pb.RegisterUserResponse(email="alice@example.com")
    assert unknown == pb.RegisterUserResponse(email=CAROL)
    mail = events_of(provider, alices_id)[-1]
    assert mail["type"] == "MailRequested"
    assert mail["payload"]["purpose"] == "ALREADY_REGISTERED"
    assert answer_of(await Flow(http).submit("alice@example.com", provider.password_of("alice")))["code"]


async def test_a_stranger_can_neither_flood_a_mailbox_nor_use_up_the_owners_mails(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    user_id, mails = newest_user(provider), await notification(provider, http)
    token = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)
    stub = UserServiceStub(provider.channel)
    for _ in range(5):
        provider.clock.turn_on(minutes=5)
        await register(provider, CAROL)
        await stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=CAROL))

    assert types_of(provider, user_id).count("MailRequested") == 3
    provider.clock.turn_on(hours=23, minutes=50)
    assert await used(provider, token, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL) == ""


@pytest.mark.parametrize(
    "email",
    [
        "no address",
        "carol@localhost",
        "carol@shop.invalid",
        "carol@[127.0.0.1]",
        "carol@example..com",
        '"a b"@example.com',
        "kärl@example.com",
        "a" * 65 + "@example.com",
        "carol@" + "x" * 64 + ".example",
    ],
)
async def test_an_address_that_can_never_get_a_mail_is_refused(provider: RunningProvider, email: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await register(provider, email)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "email" in violations_of(refused.value)


async def test_a_domain_name_is_the_same_however_it_is_written(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    answers = [
        await register(provider, email)
        for email in ("carol@bücher.example", "CAROL@BÜCHER.example", "carol@xn--bcher-kva.example")
    ]

    assert answers[0].email == "carol@bücher.example"
    registered = [event for event in events_of(provider) if event["type"] == "UserRegistered"]
    assert len({event["key"] for event in registered}) == len(registered)
    user_id = newest_user(provider)
    assert types_of(provider, user_id).count("UserRegistered") == 1
    mails = await notification(provider, http)
    prepared = await mails.prepare(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)
    assert prepared.email == "carol@xn--bcher-kva.example"


async def test_events_carry_no_address_and_no_link(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    user_id = newest_user(provider)
    token = await (await notification(provider, http)).link_token(
        user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL
    )

    published = str(events_of(provider))

    assert user_id in published
    assert not [secret for secret in (CAROL, "Carol", token, PASSWORD) if secret in published]


@pytest.mark.parametrize("password", ["Password1234", "aaaaaaaaaaaa", "carol@example.com"])
async def test_a_password_that_is_guessed_first_is_refused_and_the_link_stays(
    provider: RunningProvider, http: httpx.AsyncClient, password: str
) -> None:
    await register(provider, CAROL)
    mails = await notification(provider, http)
    token = await mails.link_token(newest_user(provider), contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await verify(provider, token, password)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == "WEAK_PASSWORD"
    assert "password" in violations_of(refused.value)
    await verify(provider, token)
