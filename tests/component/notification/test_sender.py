"""The loop that sends: it stops in order, and outlives a database that is away."""

import asyncio

import pytest

from services.notification.adapters.mailer_smtp import SmtpMailer
from services.notification.application.deliveries import Outcome
from services.notification.domain.errors import StoreUnavailable
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import SlowMailer, confirmed
from tests.support.events import DEADLINE_SECONDS, eventually, running
from tests.support.mail import SmtpServer, smtp_url


async def test_a_worker_that_is_about_to_stop_claims_nothing_more(
    world: World, start_worker: StartWorker
) -> None:
    sending, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        sending.set()
        await may_go_on.wait()

    worker: Worker = await start_worker(mailer=SlowMailer(world.folder, wait))
    await confirmed(world, worker)
    sender = asyncio.create_task(worker.sender.run())
    await sending.wait()
    await confirmed(world, worker, 1, until=2)
    worker.draining.set()
    may_go_on.set()
    await asyncio.wait_for(sender, DEADLINE_SECONDS)

    assert await is_in_state(world, "SENT", 1)
    assert await is_in_state(world, "PENDING", 1)


async def test_an_outcome_is_stored_once_the_database_is_back(
    world: World, start_worker: StartWorker, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker: Worker = await start_worker(mailer=SmtpMailer(smtp_url(smtp.port)))
    record, failures = (
        worker.deliveries.record,
        [StoreUnavailable("the database is away", retry_after_seconds=1)],
    )

    async def fail_once(outcome: Outcome) -> None:
        if failures:
            raise failures.pop()
        await record(outcome)

    monkeypatch.setattr(worker.deliveries, "record", fail_once)
    await confirmed(world, worker)

    async with running(worker.sender.run()):
        await eventually(lambda: is_in_state(world, "SENT", 1))

    assert not failures
    assert len(smtp.received) == 1


async def is_in_state(world: World, state: str, count: int) -> bool:
    return await world.count(f"deliveries WHERE state = '{state}'") == count
