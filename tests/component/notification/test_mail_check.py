"""`mail check`: what a provider lacks, and who has to do it."""

from typing import Any

import pytest

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.domain.finding import CheckState
from services.notification.entrypoints.mail_servicer import MailServicer
from shopmesh.notification.v1 import mail_service_pb2 as messages
from tests.component.notification.conftest import StartWorker, Worker
from tests.support.mail import SmtpServer, smtp_url
from tests.support.ses import TOPIC, FakeSes
from tests.support.sns import sns_client

CONTEXT: Any = None


async def test_a_check_names_what_is_missing_and_who_has_to_do_it(
    start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    ses.is_approved = ses.has_configuration_set = False

    answer = await MailServicer(worker.mails).CheckMailProviders(
        messages.CheckMailProvidersRequest(), CONTEXT
    )

    missing = {each.subject: each for each in answer.checks if each.state == messages.CHECK_STATE_MISSING}
    assert missing.keys() == {"production access", "DKIM", "configuration set", "topic"}
    assert all(each.remedy and each.responsible for each in missing.values())
    assert answer.checks[-1].provider.startswith("smtp:")
    assert answer.checks[-1].state == messages.CHECK_STATE_OK


@pytest.mark.parametrize(
    ("event_types", "lacking"),
    [
        (("BOUNCE", "COMPLAINT", "DELIVERY"), ""),
        (("DELIVERY",), "BOUNCE, COMPLAINT"),
        ((), "BOUNCE, COMPLAINT, DELIVERY"),
    ],
)
async def test_a_check_names_the_events_that_are_not_published(
    start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, *, event_types: tuple[str, ...], lacking: str
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.event_types = event_types

    findings = {each.subject: each for each in await worker.mails.check()}

    assert (lacking in findings["event destination"].found) == bool(lacking) or not lacking
    assert (findings["event destination"].remedy == "") == (not lacking)


async def test_where_ses_may_not_be_asked_the_check_says_which_permission_is_missing(
    start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.reads_are_denied = True

    findings = {each.subject: each.remedy for each in await worker.mails.check()}

    assert findings["account"] == "allow ses:GetAccount to these credentials"
    assert findings["sender"] == "allow ses:GetEmailIdentity to these credentials"
    assert findings["topic"] == "allow sns:GetTopicAttributes to these credentials"


@pytest.mark.parametrize(
    ("version", "subscribed", "missing"),
    [
        ("2", {"RawMessageDelivery": "false"}, set()),
        ("2", {"RawMessageDelivery": "true"}, {"raw delivery"}),
        ("1", {"RawMessageDelivery": "false"}, {"signature of SNS"}),
        ("2", None, {"subscription"}),
    ],
)
async def test_a_check_looks_at_the_topic_and_its_subscription(
    start_worker: StartWorker,
    ses: FakeSes,
    by_ses: SesMailer,
    *,
    version: str,
    subscribed: dict[str, str] | None,
    missing: set[str],
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.signature_version = version
    async with sns_client() as sns:
        topic = (await sns.create_topic(Name=TOPIC.rsplit(":", 1)[-1]))["TopicArn"]
        try:
            if subscribed is not None:
                endpoint = "https://shop.example/hooks/ses"
                await sns.subscribe(
                    TopicArn=topic, Protocol="https", Endpoint=endpoint, Attributes=subscribed
                )
            found = await worker.mails.check()
        finally:
            await sns.delete_topic(TopicArn=topic)

    about_the_topic = [
        each for each in found if each.subject in {"signature of SNS", "subscription", "raw delivery"}
    ]
    assert len(about_the_topic) >= 2
    assert {each.subject for each in about_the_topic if each.state is CheckState.MISSING} == missing
    assert all(each.remedy for each in about_the_topic if each.state is CheckState.MISSING)
