"""From events to mails: the right ones, once, to the right person, whatever is away meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from services.notification.adapters.mailer_folder import FolderMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.adapters.smtp_url import SmtpUrl
from services.notification.application.deliveries import CLAIM_SECONDS
from services.notification.domain.delivery import MAX_REFUSALS, DeliveryState
from services.notification.domain.message import Message
from services.notification.domain.preferences import Preferences
from services.notification.domain.template import Template, notification_id
from services.notification.entrypoints.consumer import CONSUMER, TOPICS
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.support.events import eventually, running
from tests.support.mail import ALICE, BOB, MUG_ORDER, smtp_server

REQUEST = "0190b6a0-0000-7000-8000-0000000000f1"
UNKNOWN = "0190b6a0-0000-7000-8000-00000000dead"


def order_id(number: int) -> str:
    return str(uuid5(UUID(MUG_ORDER), f"order {number}"))


class SlowMailer(FolderMailer):
    """A mailer that takes its time: something happens while it sends."""

    def __init__(self, folder: Path, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(folder)
        self._meanwhile = meanwhile

    async def send(self, message: Message) -> None:
        await self._meanwhile()
        await super().send(message)


async def take_in(world: World, worker: Worker, *, until: int) -> None:
    """Consume until there are as many deliveries."""

    async def all_in() -> bool:
        return await world.count("deliveries") >= until

    async with running(worker.consumer.run()):
        await eventually(all_in)


async def caught_up(world: World, worker: Worker) -> None:
    """Consume all that was published before."""

    async def no_lag() -> bool:
        async with world.log.consume(CONSUMER, TOPICS) as subscription:
            return await subscription.lag_seconds() == 0

    async with running(worker.consumer.run()):
        await eventually(no_lag)


async def test_a_confirmed_order_is_mailed_with_what_was_ordered(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    async with running(worker.consumer.run(), worker.sender.run()):
        await eventually(lambda: has_mails(world, 1))
    [mail] = world.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "Enamel mug, red  €25.00" in plain.get_content()
    assert "Hello Alice," in plain.get_content()
    assert mail["To"] == "Alice <alice@example.com>"
    assert mail["X-Trace-Id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    name = uuid5(UUID(MUG_ORDER), "order_confirmed")
    assert mail["Message-ID"] == f"<{name}@shopmesh.example>"
    assert [path.name for path in world.folder.iterdir()] == [f"{name}.eml"]


async def has_mails(world: World, count: int) -> bool:
    return world.folder.exists() and len(world.mails) == count


async def test_each_step_that_a_customer_wants_to_know_is_one_mail(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    await world.order_event("OrderShipped")
    await world.order_event("OrderDelivered")
    await world.place(order_id(2))
    await world.order_event("OrderCancelled", {"reason": "CUSTOMER"}, order_id(2))
    await world.place(order_id(3))
    await world.order_event("OrderRejected", {"reason": "UNAVAILABLE", "decidedLater": True}, order_id(3))
    await take_in(world, worker, until=4)
    await worker.deliver()
    assert world.subjects == [
        f"We could not take your order {order_id(3)[:8].upper()}",
        f"We have your order {MUG_ORDER[:8].upper()}",
        f"Your order {MUG_ORDER[:8].upper()} is on its way",
        f"Your order {order_id(2)[:8].upper()} is cancelled",
    ]


async def test_a_rejection_that_the_customer_saw_at_once_is_not_mailed(world: World, worker: Worker) -> None:
    await world.place()
    await world.order_event("OrderRejected", {"reason": "OUT_OF_STOCK", "lines": [], "decidedLater": False})
    await caught_up(world, worker)
    assert await world.count("deliveries") == 0


@pytest.mark.parametrize(
    ("purpose", "subject"),
    [
        ("VERIFY_EMAIL", "Confirm your mail address"),
        ("RESET_PASSWORD", "Choose a new password"),
        ("ALREADY_REGISTERED", "You have an account already"),
    ],
)
async def test_a_requested_mail_is_sent_with_a_link_asked_for_at_that_moment(
    world: World, worker: Worker, purpose: str, subject: str
) -> None:
    await world.request_mail(purpose, REQUEST)
    await take_in(world, worker, until=1)
    assert world.contacts.asked == []
    await worker.deliver()
    assert world.contacts.asked == [(ALICE, purpose)]
    assert world.subjects == [subject]
    html = world.mails[0].get_body(("html",))
    assert html is not None
    assert ("token=secret-1" in html.get_content()) == (purpose != "ALREADY_REGISTERED")


async def test_no_address_name_or_link_is_ever_stored(world: World, worker: Worker) -> None:
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await world.place()
    await world.confirm()
    await take_in(world, worker, until=2)
    await worker.deliver()
    stored = b"".join(path.read_bytes() for path in world.home.glob("*.db*"))
    assert b"MUG-RED" in stored
    for personal in (b"alice@example.com", b"Alice", b"token=secret"):
        assert personal not in stored


async def test_events_that_come_again_change_nothing(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    world.versions.clear()
    await world.place()
    await world.confirm()
    await caught_up(world, worker)
    await worker.deliver()
    assert await world.count("deliveries") == 1
    assert len(world.contacts.asked) == 1


async def test_while_user_is_away_mails_wait_and_then_go(world: World, worker: Worker) -> None:
    world.contacts.is_silent = True
    await world.place()
    await world.confirm()
    await take_in(world, worker, until=1)
    [waiting] = await worker.deliver()
    assert (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 1)
    assert await worker.deliver() == []
    world.contacts.is_silent = False
    world.clock.advance(1)
    [sent] = await worker.deliver()
    assert (sent.state, sent.attempts) == (DeliveryState.SENT, 2)
    assert len(world.mails) == 1


async def test_while_the_provider_is_away_mails_wait_and_then_go(
    world: World, start_worker: StartWorker
) -> None:
    async with smtp_server() as server:
        worker: Worker = await start_worker(
            mailer=SmtpMailer(SmtpUrl.parse(f"smtp://127.0.0.1:{server.port}"))
        )
        server.data_answer = "554 Message rejected: Email address is not verified"
        await world.place()
        await world.confirm()
        await take_in(world, worker, until=1)
        for _ in range(20):
            [waiting] = await worker.deliver()
            assert waiting.state is DeliveryState.PENDING
            world.clock.advance(30)
        server.data_answer = ""
        [sent] = await worker.deliver()
        assert sent.state is DeliveryState.SENT
        assert len(server.received) == 1


async def test_a_refused_recipient_is_given_up_after_a_few_attempts(
    world: World, start_worker: StartWorker
) -> None:
    async with smtp_server() as server:
        worker: Worker = await start_worker(
            mailer=SmtpMailer(SmtpUrl.parse(f"smtp://127.0.0.1:{server.port}"))
        )
        server.recipient_answer = "550 no such mailbox"
        await world.request_mail("VERIFY_EMAIL", REQUEST)
        await take_in(world, worker, until=1)
        states = []
        for _ in range(MAX_REFUSALS):
            states += [delivery.state for delivery in await worker.deliver()]
            world.clock.advance(3600)
        assert states == [DeliveryState.PENDING] * (MAX_REFUSALS - 1) + [DeliveryState.FAILED]
        assert await worker.deliver() == []


async def test_an_account_that_does_not_exist_gets_no_mail(world: World, worker: Worker) -> None:
    await world.request_mail("VERIFY_EMAIL", REQUEST, user=UNKNOWN)
    await take_in(world, worker, until=1)
    [suppressed] = await worker.deliver()
    assert suppressed.state is DeliveryState.SUPPRESSED


async def test_what_a_customer_does_not_want_is_not_sent(world: World, worker: Worker) -> None:
    async with worker.work.write() as unit:
        await unit.preferences.put(ALICE, Preferences(order_updates=False))
    await world.place()
    await world.confirm()
    await world.order_event("OrderShipped")
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=3)
    states = {str(delivery.template): delivery.state for delivery in await worker.deliver()}
    assert states == {
        "order_confirmed": DeliveryState.SUPPRESSED,
        "order_shipped": DeliveryState.SENT,
        "reset_password": DeliveryState.SENT,
    }


async def test_two_workers_send_every_mail_once(world: World, start_worker: StartWorker) -> None:
    async with smtp_server() as server:
        url = SmtpUrl.parse(f"smtp://127.0.0.1:{server.port}")
        workers = [await start_worker(f"worker-{number}", mailer=SmtpMailer(url)) for number in range(2)]
        loops = [loop for each in workers for loop in (each.consumer.run(), each.sender.run())]

        async def all_sent() -> bool:
            return await world.count("deliveries WHERE state = 'SENT' AND attempts = 1") == 40

        async with running(*loops):
            for number in range(40):
                await world.place(order_id(number))
                await world.confirm(order_id(number))
            await eventually(all_sent)
        assert len(server.received) == 40


async def test_two_workers_never_claim_the_same(world: World, start_worker: StartWorker) -> None:
    first, second = await start_worker("worker-0"), await start_worker("worker-1")
    for number in range(30):
        await world.place(order_id(number))
        await world.confirm(order_id(number))
    await take_in(world, first, until=30)
    claims = await asyncio.gather(*(each.deliveries.claim() for each in (first, second, first, second)))
    claimed = [delivery.notification_id for claim in claims for delivery in claim]
    assert len(claimed) == len(set(claimed)) == 30


async def test_what_a_dead_worker_had_claimed_is_sent_by_another_after_a_while(
    world: World, start_worker: StartWorker
) -> None:
    dead, other = await start_worker("worker-0"), await start_worker("worker-1")
    await world.place()
    await world.confirm()
    await take_in(world, dead, until=1)
    [claimed] = await dead.deliveries.claim()
    assert await other.deliver() == []
    world.clock.advance(CLAIM_SECONDS)
    [sent] = await other.deliver()
    assert sent.state is DeliveryState.SENT
    # The first one was not dead but slow: it writes the same file, and its word counts for nothing.
    await dead.deliveries.send(claimed)
    assert len(world.mails) == 1
    assert await world.count("deliveries WHERE attempts = 1") == 1


async def test_a_worker_that_starts_again_takes_up_its_own_at_once(
    world: World, start_worker: StartWorker
) -> None:
    before: Worker = await start_worker("worker-0")
    await world.place()
    await world.confirm()
    await take_in(world, before, until=1)
    await before.deliveries.claim()
    again: Worker = await start_worker("worker-0")
    async with running(again.sender.run()):
        await eventually(lambda: has_mails(world, 1))


async def test_a_worker_that_is_asked_to_stop_finishes_what_it_sends(
    world: World, start_worker: StartWorker
) -> None:
    sending, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        sending.set()
        await may_go_on.wait()

    worker: Worker = await start_worker(mailer=SlowMailer(world.folder, wait))
    await world.place()
    await world.confirm()
    await take_in(world, worker, until=1)
    loop = asyncio.create_task(worker.sender.run())
    await sending.wait()
    loop.cancel()
    may_go_on.set()
    await asyncio.gather(loop, return_exceptions=True)
    assert await world.count("deliveries WHERE state = 'SENT'") == 1


async def test_an_erased_account_leaves_no_row_and_no_mail(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await world.place(order_id(2), customer=BOB)
    await world.confirm(order_id(2))
    await take_in(world, worker, until=3)
    await worker.deliver()
    async with worker.work.write() as unit:
        await unit.preferences.put(ALICE, Preferences())
    await world.erase()
    await caught_up(world, worker)
    await worker.deliveries.forget_erased()
    assert [str(mail["To"]) for mail in world.mails] == ["Bob <bob@example.com>"]
    assert await world.count(f"deliveries WHERE user_id = '{ALICE}'") == 0
    assert await world.count(f"order_summaries WHERE customer_id = '{ALICE}'") == 0
    assert await world.count("order_summaries WHERE content LIKE '%MUG-RED%'") == 1
    assert await world.count("preferences") == 0
    assert await world.count("erased_mails") == 0


async def test_events_after_the_erasure_make_no_mail_and_park_nothing(world: World, worker: Worker) -> None:
    await world.place()
    await world.erase()
    await caught_up(world, worker)
    await world.confirm()
    await world.order_event("OrderCancelled", {"reason": "CUSTOMER"})
    await world.place(order_id(2))
    await world.confirm(order_id(2))
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await caught_up(world, worker)
    assert await world.count("deliveries") == 0
    assert await world.count("parked") == 0


async def test_a_mail_on_its_way_while_the_account_is_erased_is_forgotten(
    world: World, worker: Worker, start_worker: StartWorker
) -> None:
    async def erase() -> None:
        await world.erase()
        await caught_up(world, worker)
        await worker.deliveries.forget_erased()

    slow: Worker = await start_worker("worker-1", mailer=SlowMailer(world.folder, erase))
    await world.place()
    await world.confirm()
    await take_in(world, worker, until=1)
    await slow.deliver()
    assert world.mails == []
    assert await world.count("deliveries") == 0


async def test_a_clock_that_was_set_back_delays_no_mail(world: World, worker: Worker) -> None:
    world.clock.advance(7200)
    world.contacts.is_silent = True
    await world.place()
    await world.confirm()
    await take_in(world, worker, until=1)
    await worker.deliver()
    world.clock.advance(-7200)
    world.contacts.is_silent = False
    [sent] = await worker.deliver()
    assert sent.state is DeliveryState.SENT


async def test_a_mail_is_named_by_its_request(world: World, worker: Worker) -> None:
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=1)
    [sent] = await worker.deliver()
    assert sent.notification_id == notification_id(REQUEST, Template.VERIFY_EMAIL)
