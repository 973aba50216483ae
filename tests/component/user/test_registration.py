"""Registering, verifying and resetting: what owners can do and strangers cannot learn."""

from datetime import timedelta
from functools import partial

import grpc
import httpx
import pytest

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.component.user.calls import PASSWORD, alice, logged_in, notification, register
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, answer_of
from tests.component.user.outbox import events_of, newest_user, types_of
from tests.support.serving import reason_of, violations_of

CAROL = "carol@example.com"
MAIL = "0192f000-0000-7000-8000-00000000a11c"


async def test_a_new_account_logs_in_once_its_link_was_used(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    answer = await register(provider, "Carol@Example.com")
    user_id = newest_user(provider)

    early = await Flow(http).submit(CAROL, PASSWORD)
    token = await (await notification(provider, http)).link_token(
        user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL
    )
    shown = await http.get("/account/verify", params={"token": token})
    still_early = await Flow(http).submit(CAROL, PASSWORD)
    posted = await http.post("/account/verify", data={"token": token})
    again = await http.post("/account/verify", data={"token": token})

    assert answer.email == "Carol@Example.com"
    assert early.status_code == still_early.status_code == 403
    assert "Open the link in the mail" in early.text
    assert (shown.status_code, posted.status_code, again.status_code) == (200, 200, 400)
    carol = await logged_in(provider, http, CAROL, PASSWORD)
    user = await carol.user()
    assert (user.email, user.display_name, user.email_verified) == (CAROL, "Carol", True)
    assert list(user.scopes) == ["orders", "profile"]
    assert types_of(provider, user_id) == ["UserRegistered", "MailRequested", "EmailVerified"]


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


async def test_a_stranger_cannot_flood_a_mailbox(provider: RunningProvider, http: httpx.AsyncClient) -> None:
    alices_id = (await (await alice(provider, http)).user()).user_id
    stub = UserServiceStub(provider.channel)

    for _ in range(10):
        await register(provider, "alice@example.com")
        await stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email="alice@example.com"))

    assert types_of(provider, alices_id).count("MailRequested") == 5


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
async def test_a_password_that_is_guessed_first_is_refused(provider: RunningProvider, password: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await register(provider, CAROL, password)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == "WEAK_PASSWORD"
    assert "password" in violations_of(refused.value)


@pytest.mark.parametrize(
    ("purpose", "life"),
    [
        (contact_pb.MAIL_PURPOSE_VERIFY_EMAIL, timedelta(days=1)),
        (contact_pb.MAIL_PURPOSE_RESET_PASSWORD, timedelta(minutes=30)),
    ],
)
async def test_who_asks_again_gets_the_same_link_for_longer(
    provider: RunningProvider,
    http: httpx.AsyncClient,
    purpose: "contact_pb.MailPurpose.ValueType",
    life: timedelta,
) -> None:
    await register(provider, CAROL)
    mails, user_id = await notification(provider, http), newest_user(provider)
    first = await mails.link_token(user_id, purpose)
    provider.clock.turn_on(seconds=life.total_seconds() - 1)

    assert await mails.link_token(user_id, purpose) == first
    provider.clock.turn_on(seconds=life.total_seconds() + 1)
    assert await used(provider, first, purpose) == "TOKEN_INVALID"
    await mails.link_token(user_id, purpose)
    assert await used(provider, first, purpose) == ""
    assert await used(provider, first, purpose) == "TOKEN_INVALID"


async def used(provider: RunningProvider, token: str, purpose: "contact_pb.MailPurpose.ValueType") -> str:
    """Use a link; why it is refused, empty where it is not."""
    stub = UserServiceStub(provider.channel)
    try:
        if purpose == contact_pb.MAIL_PURPOSE_VERIFY_EMAIL:
            await stub.VerifyEmail(pb.VerifyEmailRequest(token=token))
        else:
            await stub.ResetPassword(pb.ResetPasswordRequest(token=token, new_password=PASSWORD))
    except grpc.aio.AioRpcError as refused:
        return reason_of(refused)
    return ""


async def test_a_reset_link_dies_with_a_changed_password(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    mails, user_id = await notification(provider, http), (await person.user()).user_id
    token = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_RESET_PASSWORD)

    await person.stub.ChangePassword(
        pb.ChangePasswordRequest(
            current_password=provider.password_of("alice"), new_password="chosen at her own page"
        ),
        metadata=person.metadata,
    )

    assert await used(provider, token, contact_pb.MAIL_PURPOSE_RESET_PASSWORD) == "TOKEN_INVALID"


async def test_a_repeated_mail_has_the_same_link_whose_life_counts_from_the_request(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    mails, user_id = await notification(provider, http), newest_user(provider)
    stub, asked = UserServiceStub(provider.channel), provider.clock()
    link = partial(mails.link_token, user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL, mail=MAIL, asked=asked)
    first = await link()
    provider.clock.turn_on(hours=23)

    assert await link() == first
    provider.clock.turn_on(hours=2)
    assert await link() == first
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.VerifyEmail(pb.VerifyEmailRequest(token=first))
    assert reason_of(refused.value) == "TOKEN_INVALID"


async def test_a_repeat_of_an_older_mail_leaves_the_newer_link_alone(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    mails, user_id = await notification(provider, http), newest_user(provider)
    earlier = provider.clock()
    provider.clock.turn_on(minutes=5)
    newest = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL)

    await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL, mail=MAIL, asked=earlier)

    await UserServiceStub(provider.channel).VerifyEmail(pb.VerifyEmailRequest(token=newest))


async def test_a_used_link_does_not_come_back_with_a_repeated_mail(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    user_id, stub = (await person.user()).user_id, person.stub
    mails, asked = await notification(provider, http), provider.clock()
    link = partial(mails.link_token, user_id, contact_pb.MAIL_PURPOSE_RESET_PASSWORD, mail=MAIL, asked=asked)
    used = await link()
    await stub.ResetPassword(pb.ResetPasswordRequest(token=used, new_password=PASSWORD))

    assert await link() != used
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ResetPassword(pb.ResetPasswordRequest(token=used, new_password="another password"))
    assert reason_of(refused.value) == "TOKEN_INVALID"


async def test_a_reset_sets_the_password_and_ends_every_session(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    person = await alice(provider, http)
    user_id = (await person.user()).user_id
    await person.stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email="ALICE@example.com"))
    mails = await notification(provider, http)
    token = await mails.link_token(user_id, contact_pb.MAIL_PURPOSE_RESET_PASSWORD)

    different = await http.post(
        "/account/reset", data={"token": token, "password": PASSWORD, "repeated": "another one"}
    )
    weak = await http.post(
        "/account/reset", data={"token": token, "password": "password1234", "repeated": "password1234"}
    )
    done = await http.post(
        "/account/reset", data={"token": token, "password": PASSWORD, "repeated": PASSWORD}
    )

    assert "The two passwords differ" in different.text
    assert "many people choose" in weak.text
    assert done.status_code == 200
    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await Flow(http).submit("alice@example.com", provider.password_of("alice"))).status_code == 403
    assert (await Flow(http).submit("alice@example.com", PASSWORD)).status_code == 303
    assert types_of(provider, user_id)[-2:] == ["MailRequested", "PasswordChanged"]


async def test_a_reset_verifies_an_address_that_was_not(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)
    token = await (await notification(provider, http)).link_token(
        newest_user(provider), contact_pb.MAIL_PURPOSE_RESET_PASSWORD
    )

    await UserServiceStub(provider.channel).ResetPassword(
        pb.ResetPasswordRequest(token=token, new_password="her own password")
    )

    assert (await Flow(http).submit(CAROL, "her own password")).status_code == 303


async def test_asking_for_a_reset_of_an_unknown_address_is_answered_the_same(
    provider: RunningProvider,
) -> None:
    before = len(events_of(provider))

    answer = await UserServiceStub(provider.channel).RequestPasswordReset(
        pb.RequestPasswordResetRequest(email="nobody@example.com")
    )

    assert answer == pb.RequestPasswordResetResponse()
    assert len(events_of(provider)) == before
