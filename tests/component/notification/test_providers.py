"""A chain of mail providers: who is asked, and what is never sent by another."""

from datetime import timedelta

from prometheus_client import REGISTRY

from services.notification.adapters.mailer_ses import SesMailer
from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.provider import CHECK_SECONDS, MAX_FAILURES
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, confirmed, sent_once, take_in
from tests.support.events import eventually, running
from tests.support.mail import SmtpServer, smtp_url
from tests.support.ses import FakeSes, LostAnswer, SesError

LOST = "shopmesh_mail_answers_lost_total"
AWAY = SesError(503, "ServiceUnavailable")


async def test_the_first_provider_that_takes_mails_is_asked(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer, smtp: SmtpServer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses, SmtpMailer(smtp_url(smtp.port))))
    await confirmed(world, worker)

    sent = await sent_once(worker)

    assert (sent.state, sent.provider) == (DeliveryState.SENT, "ses:eu-central-1")
    assert sent.provider_message_id
    assert (len(ses.taken), len(smtp.received)) == (1, 0)


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


async def test_a_content_that_is_refused_fails_alone(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    worker: Worker = await start_worker(chain=(by_ses,))
    ses.answers.append(SesError(400, "BadRequestException", "Illegal address"))
    for number in range(2):
        await confirmed(world, worker, number, until=number + 1)

    states = {delivery.state: delivery.reason for delivery in await worker.deliver()}

    assert states == {DeliveryState.FAILED: "content refused", DeliveryState.SENT: ""}


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


def counted(name: str, labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def is_counted(name: str, labels: dict[str, str], value: float) -> bool:
    return counted(name, labels) == value
