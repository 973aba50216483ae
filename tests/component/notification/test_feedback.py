"""What SES reports comes in over HTTP, signed by SNS, and shows on the mail."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from mesh.server.http_edge import HttpEdge
from services.notification.adapters.hook_messages_sns import SnsHookMessages
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.errors import StoreUnavailable
from services.notification.domain.feedback import FeedbackKind
from services.notification.entrypoints.hooks_http import MAX_BODY_BYTES, SesHook
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, confirmed, sent_once, take_in
from tests.support.ses import TOPIC, FakeSes, LostAnswer
from tests.support.ses_events import bounced, complained, delayed, delivered, rejected, sent
from tests.support.sns import FakeSns, fake_sns, notification, subscription

Document = dict[str, Any]


@pytest.fixture
async def sns() -> AsyncIterator[FakeSns]:
    async with fake_sns() as fake:
        yield fake


@pytest.fixture
async def worker(start_worker: StartWorker, by_ses: SesMailer) -> Worker:
    started: Worker = await start_worker(chain=(by_ses,))
    return started


def hooks_app(hook: SesHook) -> Starlette:
    """The service's HTTP port with the hook of a mail provider only."""
    edge = Middleware(HttpEdge, span="hook", unavailable=StoreUnavailable)
    return Starlette(routes=[Route("/hooks/ses", hook.post, methods=["POST"])], middleware=[edge])


@pytest.fixture
async def hook(world: World, worker: Worker, sns: FakeSns) -> AsyncIterator[httpx.AsyncClient]:
    """The service's HTTP port, which knows one topic."""
    messages = SnsHookMessages(sns.client, provider="ses:eu-central-1", topics=(TOPIC,), clock=world.clock)
    app = hooks_app(SesHook(messages, worker.feedbacks))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notification") as client:
        yield client


async def post(hook: httpx.AsyncClient, document: Document) -> httpx.Response:
    # SNS declares JSON as text.
    headers = {"content-type": "text/plain; charset=UTF-8"}
    return await hook.post("/hooks/ses", content=json.dumps(document), headers=headers)


async def report(hook: httpx.AsyncClient, sns: FakeSns, event: Document) -> None:
    response = await post(hook, sns.signer.sign(notification(event)))
    assert response.status_code == 200, response.text


async def mail_to_alice(world: World, worker: Worker) -> Delivery:
    await confirmed(world, worker)
    return await sent_once(worker)


async def as_it_is_now(worker: Worker, delivery: Delivery) -> Delivery:
    async with worker.work.read() as unit:
        found = await unit.deliveries.find(delivery.notification_id, "")
    assert found is not None
    return found


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


async def test_forged_messages_are_refused_and_change_nothing(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    signed = sns.signer.sign(notification(bounced(notification_id=mail.notification_id)))
    forged = {**signed, "Message": signed["Message"].replace("alice", "carol")}

    assert (await post(hook, forged)).status_code == 403
    assert await world.count("suppressions") + await world.count("hook_messages") == 0


async def test_a_subscription_is_confirmed(hook: httpx.AsyncClient, sns: FakeSns) -> None:
    assert (await post(hook, sns.signer.sign(subscription()))).status_code == 200
    assert "Action=ConfirmSubscription" in sns.requests[-1]


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        {"eventType": "Open", "mail": {}, "open": {}},
        {"something": "else"},
        [],
    ],
)
async def test_what_concerns_no_mail_is_taken_and_left(
    world: World, hook: httpx.AsyncClient, sns: FakeSns, message: Any
) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    await post(hook, sns.signer.sign(notification(text)))

    assert await world.count("hook_messages") == 1


@pytest.mark.parametrize(
    "change", [{"mail": None}, {"mail": {}}, {"bounce": None}, {"bounce": {"timestamp": "soon"}}]
)
async def test_an_event_that_is_not_as_ses_says_is_refused(
    world: World, hook: httpx.AsyncClient, sns: FakeSns, change: Document
) -> None:
    response = await post(hook, sns.signer.sign(notification({**bounced(), **change})))

    assert response.status_code == 422
    assert await world.count("hook_messages") == 0


async def test_a_body_that_is_too_long_is_refused(hook: httpx.AsyncClient) -> None:
    assert (await hook.post("/hooks/ses", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413


async def test_while_the_database_is_away_sns_is_asked_to_come_again(
    hook: httpx.AsyncClient, sns: FakeSns, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(worker.feedbacks, "_write", away)

    assert (await post(hook, sns.signer.sign(notification(bounced())))).status_code == 503


async def test_without_ses_there_is_no_hook(worker: Worker) -> None:
    transport = httpx.ASGITransport(hooks_app(SesHook(None, worker.feedbacks)))
    async with httpx.AsyncClient(transport=transport, base_url="http://notification") as client:
        assert (await client.post("/hooks/ses", content=b"{}")).status_code == 404
