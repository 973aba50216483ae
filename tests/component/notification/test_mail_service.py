"""What staff see of mails and do about them, over MailService."""

from datetime import timedelta
from typing import Any

import pytest

from mesh.messages import timestamp
from services.kernel.paging import InvalidPageToken
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.domain.errors import NoMailProvider
from services.notification.domain.provider import CHECK_SECONDS
from services.notification.domain.retries import FIRST_REPEAT_SECONDS
from services.notification.entrypoints.mail_servicer import MailServicer
from shopmesh.notification.v1 import mail_service_pb2 as messages
from shopmesh.notification.v1.notification_service_pb2 import (
    DELIVERY_STATE_SENT,
    DELIVERY_STATE_WAITING,
)
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, confirmed, order_id, take_in
from tests.support.events import MORNING
from tests.support.mail import ALICE, BOB, SmtpServer, smtp_url
from tests.support.ses import FakeSes, LostAnswer, SesError

CONTEXT: Any = None
SECRET = "alice@example.com"


async def listed(worker: Worker, **filters: Any) -> list[messages.Mail]:
    answer = await MailServicer(worker.mails).ListMails(messages.ListMailsRequest(**filters), CONTEXT)
    return list(answer.mails)


async def resumed(worker: Worker, since: Any = None) -> messages.ResumeMailsResponse:
    request = messages.ResumeMailsRequest(include_undelivered_since=since)
    return await MailServicer(worker.mails).ResumeMails(request, CONTEXT)


async def deliver_all(worker: Worker) -> None:
    while await worker.deliver():
        pass


async def test_mails_are_found_by_order_account_and_state(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    await confirmed(world, worker, 0, until=1)
    await deliver_all(worker)
    ses.is_approved = False
    world.clock.advance(CHECK_SECONDS)
    await world.request_mail("RESET_PASSWORD", REQUEST, user=BOB)
    await take_in(world, worker, until=2)
    await deliver_all(worker)

    newest, oldest = await listed(worker)
    assert (oldest.state, oldest.provider, oldest.answer) == (
        DELIVERY_STATE_SENT,
        "ses:eu-central-1",
        messages.MAIL_ANSWER_ACCEPTED,
    )
    assert oldest.provider_message_id
    assert newest.reason == "ses:eu-central-1: production access not granted yet"
    assert await listed(worker, order_id=order_id(0).upper()) == [oldest]
    assert await listed(worker, user_id=BOB) == [newest]
    assert await listed(worker, state=DELIVERY_STATE_WAITING) == [newest]
    assert await listed(worker, order_id=order_id(1)) == []
    assert SECRET not in str([newest, oldest])


async def test_mails_are_paged_and_a_token_belongs_to_its_filters(world: World, worker: Worker) -> None:
    for number in range(3):
        await confirmed(world, worker, number, until=number + 1)
    servicer = MailServicer(worker.mails)

    first = await servicer.ListMails(messages.ListMailsRequest(page_size=2), CONTEXT)
    rest = await servicer.ListMails(messages.ListMailsRequest(page_token=first.next_page_token), CONTEXT)

    assert [mail.order_id for mail in (*first.mails, *rest.mails)] == [
        order_id(number) for number in (2, 1, 0)
    ]
    assert not rest.next_page_token
    with pytest.raises(InvalidPageToken):
        await listed(worker, page_token=first.next_page_token, user_id=ALICE)


async def test_the_code_of_an_answer_is_shown(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(SesError(400, "BadRequestException", f"Illegal address {SECRET}"))
    await confirmed(world, worker)
    await worker.deliver()

    [mail] = await listed(worker)

    assert (mail.answer, mail.answer_code) == (messages.MAIL_ANSWER_REFUSED, "BadRequestException")
    assert SECRET not in str(mail)


async def test_the_backlog_says_how_many_are_tried_again_later(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(LostAnswer(is_taken=True))
    await confirmed(world, worker)
    await worker.deliver()
    await confirmed(world, worker, 1, until=2)

    backlog = await MailServicer(worker.mails).GetMailBacklog(messages.GetMailBacklogRequest(), CONTEXT)

    assert (backlog.pending, backlog.deferred) == (2, 1)
    repeat = world.clock() + timedelta(seconds=FIRST_REPEAT_SECONDS)
    assert backlog.next_attempt_time == timestamp(repeat)


async def test_the_backlog_says_how_many_wait_since_when_and_why(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    await confirmed(world, worker, 0, until=1)
    await deliver_all(worker)
    world.clock.advance(60)
    await confirmed(world, worker, 1, until=2)
    await deliver_all(worker)

    backlog = await MailServicer(worker.mails).GetMailBacklog(messages.GetMailBacklogRequest(), CONTEXT)

    assert (backlog.pending, backlog.waiting) == (0, 2)
    assert backlog.oldest_wait_time == timestamp(MORNING)
    [provider] = backlog.providers
    assert provider.condition == messages.PROVIDER_CONDITION_NOT_ALLOWED
    assert provider.reason == "production access not granted yet"


async def test_on_the_day_of_approval_one_call_sends_what_waits(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(3):
        await confirmed(world, worker, number, until=number + 1)
    await deliver_all(worker)
    assert (await resumed(worker)).providers[0].condition == messages.PROVIDER_CONDITION_NOT_ALLOWED
    ses.is_approved = True

    answer = await resumed(worker)

    assert answer.unsent == 3
    assert answer.providers[0].condition == messages.PROVIDER_CONDITION_READY
    await deliver_all(worker)
    assert len(ses.taken) == 3


async def test_where_ses_may_not_be_asked_resuming_tries_a_mail(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved, ses.reads_are_denied = False, True
    worker: Worker = await start_worker(chain=(by_ses,))
    await confirmed(world, worker)
    await deliver_all(worker)
    ses.is_approved = True

    await resumed(worker)
    await deliver_all(worker)

    assert len(ses.taken) == 1


async def test_what_went_to_the_folder_is_sent_after_all_under_its_old_id(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    before: Worker = await start_worker()
    await confirmed(world, before, 0, until=1)
    await deliver_all(before)
    world.clock.advance(3600)
    since = world.clock.now
    await confirmed(world, before, 1, until=2)
    await deliver_all(before)
    after: Worker = await start_worker(chain=(by_ses,))

    answer = await resumed(after, timestamp(since))
    await deliver_all(after)

    assert answer.included == 1
    [mail] = await listed(after, order_id=order_id(1))
    assert (mail.state, mail.provider) == (DELIVERY_STATE_SENT, "ses:eu-central-1")
    assert ses.taken[0]["EmailTags"][0]["Value"] == mail.notification_id
    assert len(ses.taken) == 1
    assert (await resumed(after, timestamp(since))).included == 0


async def test_what_failed_for_a_providers_reasons_is_sent_after_all_and_what_was_refused_is_not(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    smtp.recipient_answer = "550 not now"
    before: Worker = await start_worker(chain=(SmtpMailer(smtp_url(smtp.port)),))
    await confirmed(world, before, 0, until=1)
    for _ in range(5):
        await deliver_all(before)
        world.clock.advance(3600)
    after: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(SesError(400, "BadRequestException", "Illegal address"))
    await confirmed(world, after, 1, until=2)
    await deliver_all(after)

    answer = await resumed(after, timestamp(MORNING))
    await deliver_all(after)

    assert answer.included == 1
    assert [mail.order_id for mail in await listed(after, state=DELIVERY_STATE_SENT)] == [order_id(0)]


async def test_what_is_too_old_by_then_is_skipped_as_ever(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    before: Worker = await start_worker()
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, before, until=1)
    await deliver_all(before)
    world.clock.advance(timedelta(hours=2).total_seconds())
    after: Worker = await start_worker(chain=(by_ses,))

    await resumed(after, timestamp(MORNING))
    await deliver_all(after)

    assert not ses.taken
    assert [mail.reason for mail in await listed(after)] == ["its time is over"]


async def test_into_a_folder_nothing_is_resumed(worker: Worker) -> None:
    with pytest.raises(NoMailProvider):
        await resumed(worker)
