"""One budget for all workers: the provider's rate, its quota, and a share for mails about accounts."""

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.provider import CHECK_SECONDS
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, confirmed, seconds_to_next, take_in
from tests.support.mail import SmtpServer, smtp_url
from tests.support.ses import RATE_EXCEEDED, FakeSes


async def orders(world: World, worker: Worker, count: int) -> None:
    for number in range(count):
        await confirmed(world, worker, number, until=number + 1)


async def test_workers_share_the_rate(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.rate = 2
    workers: list[Worker] = [await start_worker(f"worker-{number}", chain=(by_ses,)) for number in range(2)]
    await orders(world, workers[0], 6)

    for sent in (2, 4, 6):
        for worker in workers:
            await worker.deliver()
        assert len(ses.taken) == sent
        world.clock.advance(1)


async def test_what_cannot_go_yet_is_due_when_the_rate_allows(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.rate = 0.5
    worker: Worker = await start_worker(chain=(by_ses,))
    await orders(world, worker, 2)

    assert len(await worker.deliver()) == 1
    assert await seconds_to_next(worker) == 2


async def test_too_fast_slows_all_workers_and_is_no_attempt(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    workers: list[Worker] = [await start_worker(f"worker-{number}", chain=(by_ses,)) for number in range(2)]
    await orders(world, workers[0], 1)
    ses.answers.append(RATE_EXCEEDED)

    [slowed] = await workers[0].deliver()

    assert (slowed.state, slowed.attempts) == (DeliveryState.PENDING, 0)
    assert not await workers[1].deliver()
    wait = await seconds_to_next(workers[1])
    assert wait is not None
    assert 0.5 <= wait <= 3
    world.clock.advance(wait)
    assert [delivery.state for delivery in await workers[1].deliver()] == [DeliveryState.SENT]


async def test_the_end_of_the_quota_is_for_mails_about_accounts(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.quota = 20
    worker: Worker = await start_worker(chain=(by_ses,))
    await orders(world, worker, 20)
    states = []
    for _ in range(6):
        states += [delivery.state for delivery in await worker.deliver()]
        world.clock.advance(2)
    assert states == [DeliveryState.SENT] * 19 + [DeliveryState.WAITING]

    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=21)

    [account_mail] = await worker.deliver()
    assert (str(account_mail.template), account_mail.state) == ("verify_email", DeliveryState.SENT)
    ses.quota = 40
    world.clock.advance(CHECK_SECONDS)
    assert [delivery.state for delivery in await worker.deliver()] == [DeliveryState.SENT]


async def test_while_the_rest_is_kept_for_accounts_orders_go_by_the_next_provider(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    ses.quota = 20
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    await orders(world, worker, 21)
    for _ in range(6):
        await worker.deliver()
        world.clock.advance(2)

    assert (len(ses.taken), len(smtp.received)) == (19, 2)


async def test_what_others_send_by_the_account_is_learned(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    await orders(world, worker, 1)
    await worker.deliver()
    ses.quota = 1
    world.clock.advance(CHECK_SECONDS)
    await confirmed(world, worker, 1, until=2)

    [delivery] = await worker.deliver()

    assert (delivery.state, delivery.reason) == (
        DeliveryState.WAITING,
        "ses:eu-central-1: daily quota used up",
    )
