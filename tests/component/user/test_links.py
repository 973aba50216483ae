"""Links that mails carry: what they are tied to, how long they live, what a repeated mail has."""

from datetime import timedelta
from functools import partial

import grpc
import httpx
import pytest

from shopmesh.user.v1 import contact_service_pb2 as contact_pb
from shopmesh.user.v1 import user_service_pb2 as pb
from shopmesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.component.user.calls import PASSWORD, alice, notification, register, used, verify
from tests.component.user.conftest import RunningProvider
from tests.component.user.flow import Flow, fill
from tests.component.user.outbox import events_of, newest_user, types_of
from tests.support.serving import reason_of

CAROL = "carol@example.com"
MAIL = "0192f000-0000-7000-8000-00000000a11c"


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
    mails, user_id = await notification(provider, http), await _account_for(provider, http, purpose)
    first = await mails.link_token(user_id, purpose)
    provider.clock.turn_on(seconds=life.total_seconds() - 1)

    assert await mails.link_token(user_id, purpose) == first
    provider.clock.turn_on(seconds=life.total_seconds() + 1)
    assert await used(provider, first, purpose) == "TOKEN_INVALID"
    await mails.link_token(user_id, purpose)
    assert await used(provider, first, purpose) == ""
    assert await used(provider, first, purpose) == "TOKEN_INVALID"


async def _account_for(
    provider: RunningProvider, http: httpx.AsyncClient, purpose: "contact_pb.MailPurpose.ValueType"
) -> str:
    """An account that gets links of a purpose."""
    if purpose == contact_pb.MAIL_PURPOSE_VERIFY_EMAIL:
        await register(provider, CAROL)
        return newest_user(provider)
    return (await (await alice(provider, http)).user()).user_id


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
    asked = provider.clock()
    link = partial(mails.link_token, user_id, contact_pb.MAIL_PURPOSE_VERIFY_EMAIL, mail=MAIL, asked=asked)
    first = await link()
    provider.clock.turn_on(hours=23)

    assert await link() == first
    provider.clock.turn_on(hours=2)
    assert await link() == first
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await verify(provider, first)
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

    await verify(provider, newest)


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

    weak = await fill(http, "/account/reset", token=token, newPassword="password1234")
    done = await fill(http, "/account/reset", token=token, newPassword=PASSWORD)

    assert "many people choose" in weak.text
    assert done.status_code == 200
    assert (await Flow(http).refresh(person.tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await Flow(http).submit("alice@example.com", provider.password_of("alice"))).status_code == 403
    assert (await Flow(http).submit("alice@example.com", PASSWORD)).status_code == 303
    assert types_of(provider, user_id)[-2:] == ["MailRequested", "PasswordChanged"]


async def test_an_account_without_a_password_gets_the_link_that_sets_the_first(
    provider: RunningProvider, http: httpx.AsyncClient
) -> None:
    await register(provider, CAROL)

    await UserServiceStub(provider.channel).RequestPasswordReset(pb.RequestPasswordResetRequest(email=CAROL))

    asked = [event for event in events_of(provider) if event["type"] == "MailRequested"]
    assert {event["payload"]["purpose"] for event in asked} == {"VERIFY_EMAIL"}


async def test_asking_for_a_reset_of_an_unknown_address_is_answered_the_same(
    provider: RunningProvider,
) -> None:
    before = len(events_of(provider))

    answer = await UserServiceStub(provider.channel).RequestPasswordReset(
        pb.RequestPasswordResetRequest(email="nobody@example.com")
    )

    assert answer == pb.RequestPasswordResetResponse()
    assert len(events_of(provider)) == before
