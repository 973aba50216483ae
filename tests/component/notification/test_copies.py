"""Mails about orders that staff send again."""

import asyncio
import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.errors import MailNotFound, NotAboutAnOrder, TooManyCopies
from services.notification.domain.preferences import Preferences
from services.notification.domain.retries import REFUSED_RETRY_SECONDS
from services.notification.domain.suppression import Suppression, SuppressionCause
from services.notification.entrypoints.mail_servicer import MailServicer
from shopmesh.notification.v1 import mail_service_pb2 as messages
from tests.component.notification.conftest import ADDRESSES, TRACE, StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, caught_up, confirmed, sent_once, take_in
from tests.support.mail import ALICE, BOB, SmtpServer, smtp_url

CONTEXT: Any = None
STAFF = "staff:0190b6a0-0000-7000-8000-00000000ad11"


def again(worker: Worker, mail_id: str) -> Any:
    return worker.mails.resend(mail_id, by=STAFF, trace=TRACE)


@pytest.fixture
async def sent(world: World, worker: Worker) -> Delivery:
    await confirmed(world, worker)
    return await sent_once(worker)


async def test_a_copy_is_another_mail_with_the_same_text(
    world: World, worker: Worker, sent: Delivery
) -> None:
    copy = await again(worker, sent.notification_id)
    await sent_once(worker)

    first, second = world.mails
    assert first["Message-ID"] != second["Message-ID"]
    same = ("From", "To", "Subject")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert first.get_body(("plain",)).get_content() == second.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    shown = (await MailServicer(worker.mails).ListMails(messages.ListMailsRequest(), CONTEXT)).mails[0]
    assert (shown.notification_id, shown.copy_of, shown.requested_by) == (
        copy.notification_id,
        sent.notification_id,
        STAFF,
    )


async def test_a_repeated_call_sends_one_copy(world: World, worker: Worker, sent: Delivery) -> None:
    copy = await again(worker, sent.notification_id)
    due = await again(worker, sent.notification_id)
    await sent_once(worker)
    of_the_copy = await again(worker, copy.notification_id)

    assert {each.notification_id for each in (due, of_the_copy)} == {copy.notification_id}
    assert await worker.deliver() == []


async def test_three_copies_are_sent_in_a_day(world: World, worker: Worker, sent: Delivery) -> None:
    began = world.clock()
    for _ in range(3):
        world.clock.advance(60)
        await again(worker, sent.notification_id)
        await sent_once(worker)
    world.clock.advance(60)

    with pytest.raises(TooManyCopies) as refused:
        await again(worker, sent.notification_id)

    free = began + timedelta(days=1, minutes=1)
    assert refused.value.retry_after_seconds == (free - world.clock()).total_seconds()
    world.clock.advance(refused.value.retry_after_seconds)
    assert (await again(worker, sent.notification_id)).state is DeliveryState.PENDING


async def test_a_copy_is_sent_to_who_wants_no_such_mails(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    await world.order_event("OrderCancelled", {"reason": "CUSTOMER"})
    async with worker.work.write() as unit:
        await unit.preferences.put(ALICE, Preferences(order_updates=False))
    await take_in(world, worker, until=2)
    _, unwanted = await worker.deliver()
    assert unwanted.state is DeliveryState.SUPPRESSED

    await again(worker, unwanted.notification_id)

    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_a_copy_about_a_parcel_names_the_same_parcel(world: World, worker: Worker) -> None:
    lines = [{"sku": "MUG", "name": "Mug", "quantity": 2}]
    await world.order_event("OrderPlaced", {"customerId": ALICE, "lines": lines})
    for number in (1, 2):
        parcel = {
            "shipmentId": f"parcel-{number}",
            "lines": [{"sku": "MUG", "quantity": 1}],
            "rest": False,
            "carrier": f"Carrier {number}",
            "trackingNumber": "",
        }
        await world.order_event("OrderShipped", parcel, schema_version=2)
    await caught_up(world, worker)
    world.clock.advance(60)
    sent = {delivery.notification_id for delivery in await worker.deliver()}
    assert len(sent) == 2

    for mail_id in sent:
        await again(worker, mail_id)
    await worker.deliver()

    carriers = sorted(str(re.findall(r"Carrier \d", mail.as_string())) for mail in world.mails)
    assert carriers[0] == carriers[1] != carriers[2] == carriers[3]


async def test_a_mail_about_an_account_is_not_sent_again(world: World, worker: Worker) -> None:
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=1)
    mail = await sent_once(worker)

    with pytest.raises(NotAboutAnOrder, match="/account/forgot"):
        await again(worker, mail.notification_id)


async def test_of_an_erased_account_nothing_is_sent_again(
    world: World, worker: Worker, sent: Delivery
) -> None:
    await world.erase()
    await caught_up(world, worker)

    for mail_id in (sent.notification_id, BOB):
        with pytest.raises(MailNotFound):
            await again(worker, mail_id)


async def test_calls_at_once_make_one_copy(world: World, worker: Worker, sent: Delivery) -> None:
    servicer = MailServicer(worker.mails)
    request = partial(messages.ResendMailRequest, notification_id=sent.notification_id.upper())

    answers = await asyncio.gather(*(servicer.ResendMail(request(), CONTEXT) for _ in range(8)))

    assert len({answer.mail.notification_id for answer in answers}) == 1
    assert len(await worker.deliver()) == 1


async def test_copies_that_reached_nobody_use_nothing_up(
    world: World, start_worker: StartWorker, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(mailer=SmtpMailer(smtp_url(smtp.port)))
    await confirmed(world, worker)
    first = await sent_once(worker)
    async with worker.work.write() as unit:
        digest = ADDRESSES.hash("alice@example.com")
        await unit.suppressions.add(Suppression(digest, SuppressionCause.BOUNCE, world.clock(), ""))
    for _ in range(4):
        world.clock.advance(60)
        await again(worker, first.notification_id)
        assert (await sent_once(worker)).state is DeliveryState.SUPPRESSED
    async with worker.work.write() as unit:
        await unit.suppressions.remove(digest)
    world.clock.advance(60)

    await again(worker, first.notification_id)

    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_a_copy_of_a_delivered_order_is_tried_again(
    world: World, start_worker: StartWorker, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(mailer=SmtpMailer(smtp_url(smtp.port)))
    await world.place()
    await world.confirm()
    await world.order_event("OrderShipped")
    await world.order_event("OrderDelivered")
    await caught_up(world, worker)
    shipped = {str(each.template): each for each in await worker.deliver()}["order_shipped"]
    await again(worker, shipped.notification_id)
    smtp.recipient_answer = "451 later"
    assert (await sent_once(worker)).state is DeliveryState.PENDING
    smtp.recipient_answer = "250 OK"
    world.clock.advance(REFUSED_RETRY_SECONDS)

    assert (await sent_once(worker)).state is DeliveryState.SENT
