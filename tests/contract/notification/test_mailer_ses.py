"""What the mailer of Amazon SES promises beside what every mailer does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from email.headerregistry import Address

import pytest

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.application.ports import Permission, Standing
from services.notification.domain.answer import (
    Accepted,
    AnswerLost,
    NotAllowed,
    QuotaUsedUp,
    Refused,
    TooFast,
    Unavailable,
)
from services.notification.domain.budget import Allowance
from services.notification.domain.message import NOTIFICATION_ID_HEADER, NOTIFICATION_ID_TAG
from tests.support.mail import MUG_ORDER, mail
from tests.support.ses import (
    CREDENTIALS,
    QUOTA_EXCEEDED,
    RATE_EXCEEDED,
    SENDER_DOMAIN,
    UNVERIFIED,
    FakeSes,
    LostAnswer,
    SesError,
    fake_ses,
    use_credentials,
)


@pytest.fixture
async def ses(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSes]:
    use_credentials(monkeypatch)
    async with fake_ses() as fake:
        yield fake


@pytest.fixture
async def ses_mailer(ses: FakeSes) -> AsyncIterator[SesMailer]:
    async with SesMailer.opened(ses.url) as mailer:
        yield mailer


async def test_gets_the_id_as_a_header_and_as_a_tag(ses: FakeSes, ses_mailer: SesMailer) -> None:
    answer = await ses_mailer.send(mail())

    assert isinstance(answer, Accepted)
    assert answer.message_id
    [taken] = ses.taken
    assert ses.mails[0][NOTIFICATION_ID_HEADER] == MUG_ORDER
    assert {"Name": NOTIFICATION_ID_TAG, "Value": MUG_ORDER} in taken["EmailTags"]
    assert taken["ConfigurationSetName"] == "shop"
    assert taken["Destination"] == {"ToAddresses": ["alice@example.com"]}


@pytest.mark.parametrize("is_taken", [True, False])
async def test_an_answer_that_is_lost_is_no_refusal_and_not_repeated_by_the_library(
    ses: FakeSes, ses_mailer: SesMailer, is_taken: bool
) -> None:
    ses.answers.append(LostAnswer(is_taken))
    assert isinstance(await ses_mailer.send(mail()), AnswerLost)
    assert len(ses.taken) == is_taken


async def test_answers_reach_the_table(ses: FakeSes, ses_mailer: SesMailer) -> None:
    for error, means in (
        (UNVERIFIED, NotAllowed),
        (RATE_EXCEEDED, TooFast),
        (QUOTA_EXCEEDED, QuotaUsedUp),
        (SesError(400, "BadRequestException", "Illegal address"), Refused),
        (SesError(503, "ServiceUnavailable"), Unavailable),
    ):
        ses.answers.append(error)
        assert isinstance(await ses_mailer.send(mail()), means), error


async def test_says_whether_it_lets_us_send_and_how_much(ses: FakeSes, ses_mailer: SesMailer) -> None:
    ses.quota = 200
    await ses_mailer.send(mail())
    assert await ses_mailer.standing() == Standing(Permission.GRANTED, "", Allowance(14.0, 200, 1))
    ses.quota = -1
    assert await ses_mailer.standing() == Standing(Permission.GRANTED, "", Allowance(14.0, None, 1))
    ses.is_approved = False
    assert (await ses_mailer.standing()).reason == "production access not granted yet"
    ses.is_approved, ses.is_verified = True, False
    assert (await ses_mailer.standing()).reason == "sender not verified"
    ses.reads_are_denied = True
    assert (await ses_mailer.standing()).permission is Permission.UNKNOWN


async def test_a_verified_domain_is_an_identity_for_those_below_it(ses: FakeSes) -> None:
    below = replace(ses.url, sender=Address("Müller", "hello", f"mail.{SENDER_DOMAIN}"))
    async with SesMailer.opened(below) as mailer:
        assert (await mailer.standing()).permission is Permission.GRANTED


async def test_a_sender_may_have_a_name_of_any_letters(ses: FakeSes) -> None:
    named = replace(ses.url, sender=Address("Müllers Laden", "hello", SENDER_DOMAIN))
    async with SesMailer.opened(named) as mailer:
        assert isinstance(await mailer.send(mail()), Accepted)
    assert ses.taken[0]["FromEmailAddress"] == f"hello@{SENDER_DOMAIN}"
    assert ses.mails[0]["From"] == f"Müllers Laden <hello@{SENDER_DOMAIN}>"


async def test_without_credentials_waits_for_them(ses: FakeSes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    async with SesMailer.opened(ses.url) as mailer:
        assert await mailer.send(mail()) == NotAllowed("no credentials of AWS found")
