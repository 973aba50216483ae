"""A mail is one worker's while it is handed over, and who gets it is noted before."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.claims import CLAIM_SECONDS
from services.notification.application.dispatch import SEND_SECONDS
from services.notification.application.ports import Mailer
from services.notification.domain.answer import Answer
from services.notification.domain.budget import Allowance, SendingBudget
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.message import Message
from services.notification.domain.provider import AWAY_SECONDS, CHECK_SECONDS, MAX_FAILURES
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import (
    REQUEST,
    confirmed,
    seconds_to_next,
    sent_once,
    take_in,
)
from tests.support.events import MORNING
from tests.support.mail import SmtpServer, smtp_url
from tests.support.ses import FakeSes, SesError

AWAY = SesError(503, "ServiceUnavailable")
HANDED_TO_SMTP = "deliveries WHERE handed_to LIKE 'smtp:%'"


class WatchedSmtpMailer(SmtpMailer):
    """A mailer before which something happens."""

    is_asked: Callable[[], Awaitable[None]] | None = None

    async def send(self, message: Message) -> Answer:
        if self.is_asked is not None:
            await self.is_asked()
        return await super().send(message)


@pytest.fixture
async def by_smtp(smtp: SmtpServer) -> AsyncIterator[WatchedSmtpMailer]:
    mailer = WatchedSmtpMailer(smtp_url(smtp.port))
    yield mailer
    mailer.close()


async def keep_the_rest_for_accounts(worker: Worker, provider: Mailer, *, rate: float = 14) -> None:
    async with worker.work.write() as unit:
        allowance = Allowance(rate_per_second=rate, quota=20, used=18)
        await unit.budgets.put(
            SendingBudget(provider.name, allowance, learn_time=MORNING).charged(MORNING, 1)
        )


async def used(worker: Worker, provider: Mailer) -> int:
    async with worker.work.read() as unit:
        allowance = (await unit.budgets.get(provider.name)).allowance
    return allowance.used if allowance else 0


async def test_a_claim_names_who_takes_mails_of_its_kind(
    world: World, start_worker: StartWorker, by_ses: SesMailer, by_smtp: WatchedSmtpMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, by_smtp))
    await keep_the_rest_for_accounts(worker, by_ses)
    await confirmed(world, worker)
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=2)

    claims = {str(claim.delivery.template): claim.handed_to for claim in await worker.claims.claim()}

    assert claims == {"order_confirmed": by_smtp.name, "verify_email": by_ses.name}


async def test_only_what_a_provider_gets_is_taken_off_its_budget(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, by_smtp: WatchedSmtpMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, by_smtp))
    await keep_the_rest_for_accounts(worker, by_ses)
    before = await used(worker, by_ses)
    for number in range(3):
        await confirmed(world, worker, number, until=number + 1)

    assert len(await worker.deliver()) == 3

    assert await used(worker, by_ses) == before
    assert not ses.taken


async def test_while_accounts_wait_for_their_provider_orders_go_by_theirs_and_nobody_spins(
    world: World, start_worker: StartWorker, by_ses: SesMailer, by_smtp: WatchedSmtpMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, by_smtp))
    await keep_the_rest_for_accounts(worker, by_ses, rate=0.5)
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=1)
    await confirmed(world, worker, until=2)

    assert [str(each.template) for each in await worker.deliver()] == ["order_confirmed"]

    assert len(smtp.received) == 1
    assert await seconds_to_next(worker) == 2


async def test_the_next_provider_is_noted_before_it_is_asked(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, by_smtp: WatchedSmtpMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, by_smtp))
    seen: list[int] = []

    async def look() -> None:
        seen.append(await world.count(HANDED_TO_SMTP))

    by_smtp.is_asked = look
    ses.answers.extend([AWAY] * MAX_FAILURES)
    await confirmed(world, worker)
    for _ in range(MAX_FAILURES - 1):
        await worker.deliver()
        world.clock.advance(30)

    assert ((await sent_once(worker)).provider, seen) == (by_smtp.name, [1])


async def test_a_claim_that_is_nearly_over_is_renewed(
    world: World, start_worker: StartWorker, smtp: SmtpServer, by_smtp: WatchedSmtpMailer
) -> None:
    slow: Worker = await start_worker("worker-0", mailer=by_smtp)
    other: Worker = await start_worker("worker-1", mailer=by_smtp)

    async def take_long() -> None:
        world.clock.advance(SEND_SECONDS)
        assert await other.deliver() == []

    by_smtp.is_asked = take_long
    await confirmed(world, slow)
    [claim] = await slow.claims.claim()
    world.clock.advance(CLAIM_SECONDS - SEND_SECONDS)

    assert (await slow.send(claim)).state is DeliveryState.SENT

    assert len(smtp.received) == 1


async def test_what_another_worker_has_is_not_handed_over(
    world: World, start_worker: StartWorker, smtp: SmtpServer
) -> None:
    slow, other = [
        await start_worker(f"worker-{number}", mailer=SmtpMailer(smtp_url(smtp.port))) for number in range(2)
    ]
    await confirmed(world, slow)
    [claim] = await slow.claims.claim()
    world.clock.advance(CLAIM_SECONDS)
    assert await other.deliver() == []

    assert (await slow.send(claim)).state is DeliveryState.PENDING

    assert len(smtp.received) == 0


async def test_a_mail_that_was_taken_late_is_sent_whoever_has_it_by_then(
    world: World, start_worker: StartWorker, smtp: SmtpServer, by_smtp: WatchedSmtpMailer
) -> None:
    slow: Worker = await start_worker("worker-0", mailer=by_smtp)
    other: Worker = await start_worker("worker-1", mailer=SmtpMailer(smtp_url(smtp.port)))

    async def take_too_long() -> None:
        world.clock.advance(CLAIM_SECONDS)
        assert await other.deliver() == []

    by_smtp.is_asked = take_too_long
    await confirmed(world, slow)

    assert (await sent_once(slow)).state is DeliveryState.SENT

    assert await world.count("deliveries WHERE state = 'SENT'") == 1
    world.clock.advance(CLAIM_SECONDS)
    assert await other.deliver() == []
    assert len(smtp.received) == 1


async def test_a_probe_that_fails_over_names_who_has_the_mail(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, by_smtp: WatchedSmtpMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, by_smtp))
    seen: list[int] = []

    async def look() -> None:
        seen.append(await world.count(HANDED_TO_SMTP))

    ses.answers.extend([AWAY] * (MAX_FAILURES + 1))
    await confirmed(world, worker)
    for _ in range(MAX_FAILURES):
        await worker.deliver()
        world.clock.advance(AWAY_SECONDS)
    by_smtp.is_asked = look
    await confirmed(world, worker, 1, until=2)

    assert (await sent_once(worker)).provider == by_smtp.name

    assert not ses.answers
    assert seen == [1]


async def test_the_share_of_accounts_is_not_used_up_by_orders_that_ask(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.quota = 20
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(20):
        await confirmed(world, worker, number, until=number + 1)
    states = []
    for _ in range(6):
        states += [each.state for each in await worker.deliver()]
        world.clock.advance(2)
    assert states.count(DeliveryState.WAITING) == 1

    for _ in range(5):
        world.clock.advance(CHECK_SECONDS)
        assert [each.state for each in await worker.deliver()] == [DeliveryState.WAITING]

    assert len(ses.taken) == 19


async def test_a_link_whose_time_is_over_is_skipped_behind_an_older_mail_that_waits(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    await confirmed(world, worker)
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=2)
    while await worker.deliver():
        pass
    world.clock.advance(CHECK_SECONDS)
    while await worker.deliver():
        pass

    world.clock.advance(timedelta(hours=1).total_seconds())
    states = {str(each.template): each.state for _ in range(3) for each in await worker.deliver()}

    assert states["reset_password"] is DeliveryState.SKIPPED
    assert await world.count("deliveries WHERE state = 'WAITING' AND holder = ''") == 1
