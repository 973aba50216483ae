"""What SES reports comes in over HTTP, signed by SNS, and shows on the mail."""

from typing import Any

import httpx
import pytest

from services.notification.domain.delivery import DeliveryState
from services.notification.domain.feedback import FeedbackKind
from tests.component.notification.conftest import Worker, World
from tests.component.notification.feedback.reports import Document, as_it_is_now, mail_to_alice, post, report
from tests.component.notification.mailing import REQUEST, sent_once, take_in
from tests.support.ses import FakeSes, LostAnswer
from tests.support.ses_events import bounced, complained, delayed, delivered, rejected, sent
from tests.support.sns import FakeSns, notification


@pytest.mark.parametrize(
    ("event", "kind", "detail"),
    [
        (sent, FeedbackKind.SENT, ""),
        (delayed, FeedbackKind.DELAYED, "MailboxFull"),
        (delivered, FeedbackKind.DELIVERED, ""),
        (bounced, FeedbackKind.BOUNCED, "Permanent/General"),
        (rejected, FeedbackKind.REJECTED, ""),
        (complained, FeedbackKind.COMPLAINED, "abuse"),
    ],
)
async def test_what_became_of_a_mail_shows_on_it(
    world: World,
    worker: Worker,
    hook: httpx.AsyncClient,
    sns: FakeSns,
    *,
    event: Any,
    kind: FeedbackKind,
    detail: str,
) -> None:
    mail = await mail_to_alice(world, worker)

    await report(hook, sns, event(notification_id=mail.notification_id))

    reported = await as_it_is_now(worker, mail)
    assert (reported.state, reported.feedback, reported.feedback_detail) == (DeliveryState.SENT, kind, detail)
    assert reported.feedback_time is not None


async def test_an_event_is_matched_by_the_name_that_ses_gave(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    event = delivered(notification_id="")
    event["mail"]["messageId"] = mail.provider_message_id

    await report(hook, sns, event)

    assert (await as_it_is_now(worker, mail)).feedback is FeedbackKind.DELIVERED


async def test_events_come_in_any_order(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    for event in (complained, delivered, sent):
        await report(hook, sns, event(notification_id=mail.notification_id))

    assert (await as_it_is_now(worker, mail)).feedback is FeedbackKind.COMPLAINED


@pytest.mark.parametrize("event", [bounced, complained])
async def test_after_a_hard_bounce_or_a_complaint_the_address_gets_no_mails(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns, *, ses: FakeSes, event: Any
) -> None:
    mail = await mail_to_alice(world, worker)
    await report(hook, sns, event(notification_id=mail.notification_id))
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=2)

    suppressed = await sent_once(worker)

    assert suppressed.state is DeliveryState.SUPPRESSED
    assert "this address" in suppressed.reason
    assert len(ses.taken) == 1


async def test_a_bounce_of_a_mailbox_that_the_address_forwards_to_suppresses_the_address(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    await report(hook, sns, bounced(address="dead@elsewhere.example"))

    assert await worker.mails.lift("alice@example.com")


async def test_the_address_is_nowhere_in_the_database(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    await report(hook, sns, bounced(notification_id=mail.notification_id, address="Alice@Example.COM"))

    assert await world.count("suppressions WHERE length(address_hash) = 64") == 1
    assert await world.count("suppressions WHERE lower(address_hash) LIKE '%alice%'") == 0


@pytest.mark.parametrize(
    "event", [bounced("Transient"), bounced("Undetermined"), complained(feedback_type="not-spam"), delayed()]
)
async def test_what_may_pass_suppresses_nothing(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns, event: Document
) -> None:
    await report(hook, sns, event)

    assert await world.count("suppressions") == 0


async def test_a_lifted_address_gets_mails_again(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns, *, ses: FakeSes
) -> None:
    mail = await mail_to_alice(world, worker)
    await report(hook, sns, bounced(notification_id=mail.notification_id))
    ses.suppressed.add("alice@example.com")

    await worker.mails.lift("Alice@example.com")

    assert not ses.suppressed
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=2)
    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_an_event_about_a_mail_whose_answer_was_lost_ends_its_repeats(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns, *, ses: FakeSes
) -> None:
    ses.answers.append(LostAnswer(is_taken=True))
    lost = await mail_to_alice(world, worker)
    assert (lost.state, lost.lost_answers) == (DeliveryState.PENDING, 1)

    await report(hook, sns, sent(notification_id=lost.notification_id))
    world.clock.advance(3600)

    assert not await worker.deliver()
    found = await as_it_is_now(worker, lost)
    assert (found.state, found.provider) == (DeliveryState.SENT, "ses:eu-central-1")
    assert len(ses.taken) == 1


async def test_an_event_ends_what_was_ambiguous(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns, *, ses: FakeSes
) -> None:
    ses.answers.append(LostAnswer(is_taken=True))
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=1)
    lost = await sent_once(worker)
    world.clock.advance(3600)
    assert (await sent_once(worker)).state is DeliveryState.AMBIGUOUS

    await report(hook, sns, delivered(notification_id=lost.notification_id))

    assert (await as_it_is_now(worker, lost)).state is DeliveryState.SENT


async def test_a_message_that_comes_again_changes_nothing(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    signed = sns.signer.sign(notification(bounced(notification_id=mail.notification_id)))
    await post(hook, signed)
    await worker.mails.lift("alice@example.com")

    response = await post(hook, signed)

    assert response.status_code == 200
    assert await world.count("suppressions") == 0
    assert await world.count("hook_messages") == 1
