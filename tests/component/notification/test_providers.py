"""A chain of mail providers: who is asked, who waits, and what is never sent by another."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.ports import Mailer
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.provider import CHECK_SECONDS, MAX_FAILURES
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, order_id, take_in
from tests.support.events import eventually, running
from tests.support.mail import SmtpServer, smtp_server, smtp_url
from tests.support.ses import CREDENTIALS, FakeSes, LostAnswer, SesError, fake_ses

LOST = "shopmesh_mail_answers_lost_total"
AWAY = SesError(503, "ServiceUnavailable")


@pytest.fixture
async def ses(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSes]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    async with fake_ses() as fake:
        yield fake


@pytest.fixture
async def by_ses(ses: FakeSes) -> AsyncIterator[SesMailer]:
    async with SesMailer.opened(ses.url) as mailer:
        yield mailer


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with smtp_server() as server:
        yield server


async def confirmed(world: World, worker: Worker, number: int = 0, *, until: int = 1) -> None:
    await world.place(order_id(number))
    await world.confirm(order_id(number))
    await take_in(world, worker, until=until)


async def sent_once(worker: Worker) -> Delivery:
    [delivery] = await worker.deliver()
    return delivery


async def test_the_first_provider_that_takes_mails_is_asked(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    await confirmed(world, worker)

    sent = await sent_once(worker)

    assert (sent.state, sent.provider) == (DeliveryState.SENT, "ses:eu-central-1")
    assert sent.provider_message_id
    assert (len(ses.taken), len(smtp.received)) == (1, 0)


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
            assert "not verified" in waiting.reason
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


async def test_while_ses_says_no_the_next_provider_sends(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    for number in range(2):
        await confirmed(world, worker, number, until=number + 1)

    sent = await worker.deliver()

    assert {delivery.provider for delivery in sent} == {f"smtp:127.0.0.1:{smtp.port}"}
    assert (len(ses.taken), len(smtp.received)) == (0, 2)


async def test_a_quota_that_is_used_up_waits_until_there_is_room(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.quota = 1
    worker: Worker = await start_worker(chain=(by_ses,))
    for number in range(2):
        await confirmed(world, worker, number, until=number + 1)
    states = sorted(delivery.state.value for delivery in await worker.deliver())
    assert states == ["SENT", "WAITING"]

    world.clock.advance(CHECK_SECONDS)
    assert (await sent_once(worker)).state is DeliveryState.WAITING
    ses.quota = 2
    world.clock.advance(CHECK_SECONDS)

    assert (await sent_once(worker)).state is DeliveryState.SENT


async def test_a_provider_that_is_away_is_tried_again_and_then_passed_over(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    ses.answers.extend([AWAY] * MAX_FAILURES)
    await confirmed(world, worker)
    for _ in range(MAX_FAILURES - 1):
        assert (await sent_once(worker)).state is DeliveryState.PENDING
        world.clock.advance(30)

    assert (await sent_once(worker)).provider.startswith("smtp:")


async def test_a_lost_answer_is_repeated_by_the_same_provider_only(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    ses.answers.extend([LostAnswer(is_taken=True), *[AWAY] * MAX_FAILURES])
    await confirmed(world, worker)
    lost = await sent_once(worker)
    assert (lost.state, lost.provider, lost.lost_answers) == (DeliveryState.PENDING, by_ses.name, 1)
    assert not await worker.deliver()

    world.clock.advance(60)
    states = []
    while DeliveryState.SENT not in states:
        states += [delivery.state for delivery in await worker.deliver()]
        world.clock.advance(60)

    assert len(smtp.received) == 0
    assert len(ses.taken) == 2


async def test_what_may_have_been_sent_is_ambiguous_once_its_time_is_over(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(LostAnswer(is_taken=True))
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=1)
    await sent_once(worker)
    world.clock.advance(timedelta(hours=1).total_seconds())

    ended = await sent_once(worker)

    assert ended.state is DeliveryState.AMBIGUOUS
    assert len(ses.taken) == 1


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


async def test_a_lost_answer_waits_for_its_own_provider_while_another_sends(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    ses.answers.append(LostAnswer(is_taken=False))
    await confirmed(world, worker)
    await sent_once(worker)
    ses.is_approved = False
    world.clock.advance(60)

    assert (await sent_once(worker)).state is DeliveryState.WAITING
    world.clock.advance(CHECK_SECONDS)
    assert (await sent_once(worker)).state is DeliveryState.WAITING
    ses.is_approved = True
    world.clock.advance(CHECK_SECONDS)

    assert (await sent_once(worker)).provider == by_ses.name
    assert (len(ses.taken), len(smtp.received)) == (1, 0)


async def test_an_outcome_and_what_it_says_of_the_provider_are_stored_together(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(AWAY)
    await confirmed(world, worker)
    await worker.deliver()
    assert await world.count("providers WHERE failures = 1") == 1
    world.clock.advance(1)

    assert (await sent_once(worker)).state is DeliveryState.SENT

    assert await world.count("providers WHERE failures = 0 AND state = 'READY'") == 1


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


async def test_a_content_that_is_refused_fails_alone(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(SesError(400, "BadRequestException", "Illegal address"))
    for number in range(2):
        await confirmed(world, worker, number, until=number + 1)

    states = {delivery.state: delivery.reason for delivery in await worker.deliver()}

    assert states == {DeliveryState.FAILED: "content refused", DeliveryState.SENT: ""}


async def test_of_two_workers_one_asks_whether_ses_lets_us_send(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    asked = CountingMailer(by_ses)
    workers: list[Worker] = [await start_worker(f"worker-{number}", chain=(asked,)) for number in range(2)]
    await confirmed(world, workers[0])
    await workers[0].deliver()
    world.clock.advance(CHECK_SECONDS)

    for worker in workers:
        await worker.deliver()

    assert asked.questions == 1


async def test_mails_and_lost_answers_are_counted(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    labels = {"template": "order_confirmed", "provider": by_ses.name, "state": "SENT"}
    sent, lost = counted("shopmesh_mails_total", labels), counted(LOST, {"provider": by_ses.name})
    ses.answers.append(LostAnswer(is_taken=False))
    await confirmed(world, worker)

    async with running(worker.sender.run()):
        await eventually(lambda: is_counted(LOST, {"provider": by_ses.name}, lost + 1))
        world.clock.advance(60)
        await eventually(lambda: is_counted("shopmesh_mails_total", labels, sent + 1))


async def has_received(server: SmtpServer, count: int) -> bool:
    return len(server.received) == count


def counted(name: str, labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def is_counted(name: str, labels: dict[str, str], value: float) -> bool:
    return counted(name, labels) == value


class CountingMailer:
    """A mailer that counts how often it is asked whether it lets us send."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self.name, self.send = mailer.name, mailer.send
        self.forget, self.is_reachable = mailer.forget, mailer.is_reachable
        self.questions = 0

    async def permission(self) -> object:
        self.questions += 1
        return await self._mailer.permission()
