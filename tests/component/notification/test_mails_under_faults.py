"""Ten thousand events while workers are killed and providers fail, throttle and lose answers."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from mesh import sql
from mesh.topology import ORDER_EVENTS
from services.notification.adapters.mailer_ses import SesMailer
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.message import NOTIFICATION_ID_TAG
from services.notification.server import open_database
from tests.component.notification.conftest import EUR_12_50, EUR_25, TRACE, StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, order_id, take_in
from tests.support.events import envelope, record
from tests.support.mail import ALICE, SmtpServer, parse, smtp_server
from tests.support.mail_worker import FastClock, WorkerPlan
from tests.support.ses import RATE_EXCEEDED, FakeSes, LostAnswer, SesError
from tests.support.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]

ORDERS = {"sqlite": 5_000, "mysql": 500}
"""Orders by database, each of two events; a shared database server is the slower of the two."""
WORKERS = 2
SECONDS = 1200.0
AWAY = SesError(503, "ServiceUnavailable")


@dataclass
class Fault:
    """What goes wrong, by a seed; at times a provider is away altogether."""

    seed: int
    is_away: bool = False
    lost: int = 0
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def of_ses(self) -> SesError | LostAnswer | None:
        if self.is_away:
            return AWAY
        drawn = self.draw.random()
        if drawn < 0.02:
            self.lost += 1
            return LostAnswer(is_taken=drawn < 0.01)
        return AWAY if drawn < 0.05 else RATE_EXCEEDED if drawn < 0.053 else None


@dataclass
class FailingSmtpServer(SmtpServer):
    """A mail server that goes wrong in the same ways."""

    draw: random.Random = field(default_factory=lambda: random.Random(7))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.data_answer = "451 try again" if self.draw.random() < 0.05 else ""
        self.loses_answers = self.draw.random() < 0.02
        return await super().handle_DATA(server, session, envelope)


async def publish(world: World, orders: int) -> None:
    """The events of confirmed orders, each followed by its mail."""
    for number in range(orders):
        order, lines = order_id(number), [{"sku": "MUG-RED", "name": "Mug", "quantity": 2}]
        placed: dict[str, Any] = {"customerId": ALICE, "lines": lines}
        confirmed: dict[str, Any] = {"unitPrices": [EUR_12_50], "total": EUR_25}
        for version, (type_, payload) in enumerate(
            (("OrderPlaced", placed), ("OrderConfirmed", confirmed)), 1
        ):
            await world.log.publish(
                record(ORDER_EVENTS, envelope(type_, order, version, payload, trace=TRACE))
            )


@asynccontextmanager
async def killed_at_random(plans: list[WorkerPlan], draw: random.Random) -> AsyncIterator[Callable[[], int]]:
    """Workers of which one is killed every few seconds and started again; says how often."""
    kills = 0

    async def keep(plan: WorkerPlan) -> None:
        nonlocal kills
        while True:
            process = await plan.start()
            try:
                async with asyncio.timeout(draw.uniform(10, 25)):
                    assert await process.wait() is None, "a worker ended by itself"
            except TimeoutError:
                kills += 1
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    tasks = [asyncio.create_task(keep(plan)) for plan in plans]
    try:
        yield lambda: kills
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def going_away(fault: Fault, draw: random.Random) -> None:
    """Let the first provider be away for a while again and again."""
    while True:
        await asyncio.sleep(draw.uniform(5, 10))
        fault.is_away = True
        await asyncio.sleep(draw.uniform(1, 3))
        fault.is_away = False


def handed_over(ses: FakeSes, smtp: SmtpServer) -> Counter[str]:
    """How often each mail arrived at a provider, by its id."""
    by_ses = [each["EmailTags"][0] for each in ses.taken]
    assert {tag["Name"] for tag in by_ses} <= {NOTIFICATION_ID_TAG}
    by_smtp = [str(parse(each.content)["Message-ID"]).strip("<>").partition("@")[0] for each in smtp.received]
    return Counter([*(str(tag["Value"]) for tag in by_ses), *by_smtp])


async def lost_answers(world: World) -> dict[str, int]:
    """How often each mail was handed over without an answer, as it was counted."""
    engine = sql.open_engine(world.database_url)
    try:
        async with sql.read(engine) as session:
            rows = await session.execute(text("SELECT notification_id, lost_answers FROM deliveries"))
            return {notification_id: lost for notification_id, lost in rows}  # noqa: C416 - rows are no pairs
    finally:
        await engine.dispose()


async def test_no_mail_is_missing_and_each_too_many_is_counted(world: World, ses: FakeSes) -> None:
    draw, orders = random.Random(2026), ORDERS[urlsplit(world.database_url).scheme.partition("+")[0]]
    fault = Fault(seed=1)
    ses.rate, ses.fault = 1000.0, fault.of_ses
    smtp = FailingSmtpServer()
    async with smtp_server(served=smtp):
        clock = FastClock(time.time(), factor=20.0)
        urls = (ses.url_text, f"smtp://127.0.0.1:{smtp.port}?from=hello@shop.example")
        plans = [
            WorkerPlan(
                name=f"worker-{number}",
                database_url=world.database_url,
                event_log=str(world.home / "event_log.db"),
                contacts_port=world.contacts.port,
                mail_urls=urls,
                clock=clock,
            )
            for number in range(WORKERS)
        ]

        async def all_sent() -> bool:
            await asyncio.sleep(1)
            return await world.count("deliveries WHERE state = 'SENT'") == orders

        async with open_database(world.database_url):
            """Made before anybody asks it: the workers may need a while."""
        async with killed_at_random(plans, draw) as kills:
            away = asyncio.create_task(going_away(fault, draw))
            await publish(world, orders)
            await eventually(all_sent, "every mail is sent", seconds=SECONDS)
            away.cancel()
        assert kills() > 1
        arrived, lost = handed_over(ses, smtp), await lost_answers(world)

    assert arrived.keys() == lost.keys()
    uncounted = {name: (times, lost[name]) for name, times in arrived.items() if times > 1 + lost[name]}
    assert not uncounted
    assert sum(lost.values()) >= fault.lost > 0


async def test_once_ses_says_yes_a_thousand_waiting_mails_go_and_account_mails_pass_them(
    world: World, start_worker: StartWorker, ses: FakeSes, by_ses: SesMailer
) -> None:
    ses.is_approved = False
    worker: Worker = await start_worker(chain=(by_ses,))
    await publish(world, 1_000)
    await take_in(world, worker, until=1_000, seconds=300)
    while await worker.deliver():
        pass
    assert await world.count("deliveries WHERE state = 'WAITING'") == 1_000
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=1_001)
    ses.is_approved = True

    await worker.mails.resume(include_since=None)
    outcomes: list[Delivery] = []
    while len(outcomes) < 1_001:
        outcomes += await worker.deliver()
        world.clock.advance(1)

    assert {each.state for each in outcomes} == {DeliveryState.SENT}
    first_batch = outcomes[:14]
    assert "verify_email" in {str(each.template) for each in first_batch}
    orders = [each.order_id for each in outcomes if each.order_id]
    assert orders == [order_id(number) for number in range(1_000)]
    assert len(ses.taken) == 1_001
