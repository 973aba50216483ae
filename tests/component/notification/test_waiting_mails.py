"""Mails that wait for a provider that lets us send: until when, and who goes first."""

from datetime import timedelta

import pytest

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.deliveries import Outcome
from services.notification.application.ports import Mailer, Standing
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.provider import CHECK_SECONDS, Condition, ProviderState
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import (
    REQUEST,
    caught_up,
    confirmed,
    order_id,
    seconds_to_next,
    sent_once,
    take_in,
)
from tests.support.events import MORNING, eventually, running
from tests.support.mail import SmtpServer, smtp_url
from tests.support.ses import FakeSes, LostAnswer, SesError

LOST = "shopmesh_mail_answers_lost_total"
AWAY = SesError(503, "ServiceUnavailable")


async def test_while_ses_says_no_mails_wait_without_ageing_and_then_go_oldest_first(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(3):
        await confirmed(world, worker, number, until=number + 1)
    for _ in range(3):
        for waiting in await worker.deliver():
            assert waiting.state is DeliveryState.WAITING
            assert waiting.reason == "ses:eu-central-1: production access not granted yet"
    assert not await worker.deliver()
    assert await world.count("deliveries WHERE state = 'WAITING' AND attempts = 0") == 3

    world.clock.advance(timedelta(days=30).total_seconds())
    assert [delivery.state for delivery in await worker.deliver()] == [DeliveryState.WAITING]
    assert not await worker.deliver()
    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)

    sent = [*await worker.deliver(), *await worker.deliver()]

    assert [delivery.state for delivery in sent] == [DeliveryState.SENT] * 3
    assert [delivery.order_id for delivery in sent] == [order_id(number) for number in range(3)]


async def test_where_ses_may_not_be_asked_one_waiting_mail_is_the_question(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved, ses.reads_are_denied = False, True
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(3):
        await confirmed(world, worker, number, until=number + 1)
    while await worker.deliver():
        pass
    world.clock.advance(CHECK_SECONDS)
    assert [delivery.state for delivery in await worker.deliver()] == [DeliveryState.WAITING]

    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)

    assert [delivery.state for delivery in await worker.deliver()] == [DeliveryState.SENT]
    assert [delivery.state for delivery in await worker.deliver()] == [DeliveryState.SENT] * 2


async def test_a_quota_that_is_used_up_waits_until_there_is_room(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.quota = 1
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(2):
        await confirmed(world, worker, number, until=number + 1)
    states = [delivery.state.value for delivery in [*await worker.deliver(), *await worker.deliver()]]
    assert states == ["SENT", "WAITING"]

    world.clock.advance(CHECK_SECONDS)
    assert (await sent_once(worker)).state is DeliveryState.WAITING
    ses.quota = 2
    world.clock.advance(CHECK_SECONDS)

    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_a_mail_that_waits_is_skipped_with_a_reason_once_its_time_is_over(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=1)
    assert (await sent_once(worker)).state is DeliveryState.WAITING
    world.clock.advance(timedelta(hours=1).total_seconds())

    skipped = await sent_once(worker)

    assert (skipped.state, skipped.reason) == (DeliveryState.SKIPPED, "its time is over")


@pytest.mark.parametrize(("is_approved", "state"), [(False, "SKIPPED"), (True, "SENT")])
async def test_a_mail_that_waited_is_skipped_once_a_later_event_makes_it_untrue(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, *, is_approved: bool, state: str
) -> None:
    ses.is_approved = is_approved
    worker: Worker = await start_worker(chain=(by_ses,))
    await world.place()
    await world.order_event("OrderShipped")
    await take_in(world, worker, until=1)
    if not is_approved:
        assert (await sent_once(worker)).state is DeliveryState.WAITING
    await world.order_event("OrderDelivered")
    await caught_up(world, worker)
    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)

    last = await sent_once(worker)

    assert (last.state.value, last.reason) == (state, "" if is_approved else "the order is delivered")


async def test_a_failure_after_days_of_waiting_is_the_first_one(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    await confirmed(world, worker)
    await sent_once(worker)
    world.clock.advance(timedelta(days=6).total_seconds())
    ses.is_approved = True
    ses.answers.append(AWAY)

    assert (await sent_once(worker)).state is DeliveryState.PENDING
    world.clock.advance(1)
    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_a_mail_does_not_wait_for_a_provider_that_takes_mails_by_then(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    slow, other = [await start_worker(f"worker-{number}", chain=(by_ses,)) for number in range(2)]
    await confirmed(world, slow)
    [claimed] = await slow.claims.claim()
    outcome = claimed.delivery.waiting(world.clock(), "ses:eu-central-1: production access not granted yet")
    ses.is_approved = True
    await other.mails.resume(include_since=None)

    await slow.deliveries.record(Outcome(outcome))

    assert (await sent_once(other)).state is DeliveryState.SENT


async def test_a_waiting_mail_that_another_provider_may_have_keeps_nobody_awake(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    ses.answers.append(LostAnswer(is_taken=False))
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    await confirmed(world, worker)
    await sent_once(worker)
    ses.is_approved = False
    world.clock.advance(CHECK_SECONDS)
    assert (await sent_once(worker)).state is DeliveryState.WAITING
    async with worker.work.write() as unit:
        away = ProviderState(f"smtp:127.0.0.1:{smtp.port}", Condition.NOT_ALLOWED, "", MORNING, MORNING)
        await unit.providers.put(away)

    await worker.deliver()

    assert await seconds_to_next(worker)


async def test_mails_that_wait_go_by_another_provider_once_the_setting_names_it(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    ses.is_approved = False
    before: Worker = await start_worker(chain=(by_ses,))
    for number in range(3):
        await confirmed(world, before, number, until=number + 1)
    while await before.deliver():
        pass
    after: Worker = await start_worker(chain=(SmtpMailer(smtp_url(smtp.port)),))

    async with running(after.sender.run()):
        await eventually(lambda: has_received(smtp, 3))


async def test_account_mails_pass_a_backlog(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(20):
        await confirmed(world, worker, number, until=number + 1)
    while await worker.deliver():
        pass
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=21)
    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)

    first, *_ = sorted(await worker.deliver(), key=lambda delivery: delivery.order_id)

    assert str(first.template) == "verify_email"
    assert first.state is DeliveryState.SENT


async def test_of_two_workers_one_asks_whether_ses_lets_us_send(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    asked = CountingMailer(by_ses)
    workers: list[Worker] = [await start_worker(f"worker-{number}", chain=(asked,)) for number in range(2)]
    await confirmed(world, workers[0])
    await workers[0].deliver()
    before = asked.questions
    world.clock.advance(CHECK_SECONDS)

    for worker in workers:
        await worker.deliver()

    assert asked.questions == before + 1


async def has_received(server: SmtpServer, count: int) -> bool:
    return len(server.received) == count


class CountingMailer:
    """A mailer that counts how often it is asked whether it lets us send."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self.name, self.send = mailer.name, mailer.send
        self.forget, self.is_reachable = mailer.forget, mailer.is_reachable
        self.is_metered, self.is_repeatable = mailer.is_metered, mailer.is_repeatable
        self.check, self.lift = mailer.check, mailer.lift
        self.questions = 0

    async def standing(self) -> Standing:
        self.questions += 1
        return await self._mailer.standing()
