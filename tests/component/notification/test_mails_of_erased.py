"""What is left of the mails of an erased account: nothing, even of those on their way."""

from services.notification.domain.preferences import Preferences
from tests.component.notification.conftest import StartWorker, Worker, World
from tests.component.notification.mailing import REQUEST, SlowMailer, caught_up, order_id, take_in
from tests.support.mail import ALICE, BOB


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
