"""Every mail goes once, whatever is away meanwhile and whichever worker dies, stops or starts again."""

import asyncio

import pytest

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.claims import CLAIM_SECONDS
from services.notification.domain.answer import Accepted
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.provider import CHECK_SECONDS
from services.notification.domain.retries import FIRST_REPEAT_SECONDS, MAX_REFUSALS
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, SlowMailer, confirmed, has_mails, order_id, take_in
from tests.support.events import eventually, running
from tests.support.mail import mail, smtp_server, smtp_url
from tests.support.ses import FakeSes


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
        worker: Worker = await start_worker(mailer=SmtpMailer(smtp_url(server.port)))
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
        worker: Worker = await start_worker(mailer=SmtpMailer(smtp_url(server.port)))
        server.recipient_answer = "550 no such mailbox"
        await world.request_mail("VERIFY_EMAIL", REQUEST)
        await take_in(world, worker, until=1)
        states = []
        for _ in range(MAX_REFUSALS):
            states += [delivery.state for delivery in await worker.deliver()]
            world.clock.advance(3600)
        assert states == [DeliveryState.PENDING] * (MAX_REFUSALS - 1) + [DeliveryState.FAILED]
        assert await worker.deliver() == []


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


async def test_two_workers_send_every_mail_once(world: World, start_worker: StartWorker) -> None:
    async with smtp_server() as server:
        url = smtp_url(server.port)
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
    claims = await asyncio.gather(*(each.claims.claim() for each in (first, second, first, second)))
    claimed = [claim.delivery.notification_id for each in claims for claim in each]
    assert len(claimed) == len(set(claimed)) == 30


async def test_what_a_dead_worker_had_claimed_is_sent_by_another_after_a_while(
    world: World, start_worker: StartWorker
) -> None:
    dead, other = await start_worker("worker-0"), await start_worker("worker-1")
    await world.place()
    await world.confirm()
    await take_in(world, dead, until=1)
    [claimed] = await dead.claims.claim()
    assert await other.deliver() == []
    world.clock.advance(CLAIM_SECONDS)
    [sent] = await other.deliver()
    assert sent.state is DeliveryState.SENT
    # The first one was not dead but slow: it writes the same file, and its word counts for nothing.
    await dead.send(claimed)
    assert len(world.mails) == 1
    assert await world.count("deliveries WHERE attempts = 1") == 1


async def test_a_worker_that_starts_again_takes_up_its_own_at_once(
    world: World, start_worker: StartWorker
) -> None:
    before: Worker = await start_worker("worker-0")
    await world.place()
    await world.confirm()
    await take_in(world, before, until=1)
    await before.claims.claim()
    again: Worker = await start_worker("worker-0")
    async with running(again.sender.run()):
        await eventually(lambda: has_mails(world, 1))


async def test_what_a_dead_worker_may_have_handed_over_is_repeated_late_and_counted(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    before: Worker = await start_worker("worker-0", chain=(by_ses,))
    await confirmed(world, before)
    [claimed] = await before.claims.claim()
    answer = await by_ses.send(mail(claimed.delivery.notification_id))
    assert isinstance(answer, Accepted)

    again: Worker = await start_worker("worker-0", chain=(by_ses,))
    await again.claims.resume()

    assert not await again.deliver()
    world.clock.advance(FIRST_REPEAT_SECONDS)
    [sent] = await again.deliver()
    assert (sent.state, sent.lost_answers, sent.provider) == (DeliveryState.SENT, 1, by_ses.name)
    assert len(ses.taken) == 2


@pytest.mark.parametrize("is_approved", [True, False])
async def test_the_same_holds_where_the_dead_worker_does_not_come_back(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, *, is_approved: bool
) -> None:
    dead: Worker = await start_worker("worker-0", chain=(by_ses,))
    other: Worker = await start_worker("worker-1", chain=(by_ses,))
    await confirmed(world, dead)
    await dead.claims.claim()
    ses.is_approved = is_approved
    world.clock.advance(CHECK_SECONDS)

    assert not [each for each in await other.deliver() if each.state is DeliveryState.SENT]
    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)
    [sent] = await other.deliver()

    assert (sent.state, sent.lost_answers, sent.provider) == (DeliveryState.SENT, 1, by_ses.name)


async def test_a_claim_of_a_clock_that_was_an_hour_ahead_keeps_nobody_waiting(
    world: World, start_worker: StartWorker
) -> None:
    dead: Worker = await start_worker("worker-0")
    world.clock.advance(3600)
    await world.place()
    await world.confirm()
    await take_in(world, dead, until=1)
    await dead.claims.claim()
    other: Worker = await start_worker("worker-1")

    world.clock.advance(-3300)

    [sent] = await other.deliver()
    assert sent.state is DeliveryState.SENT


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
