"""From events to mails: which ones, what they say, and who gets them."""

from uuid import UUID, uuid5

import pytest

from services.notification.domain.delivery import DeliveryState
from services.notification.domain.preferences import Preferences
from services.notification.domain.template import Template, notification_id
from tests.component.notification.conftest import Worker, World
from tests.component.notification.mailing import REQUEST, caught_up, has_mails, order_id, take_in
from tests.support.events import eventually, running
from tests.support.mail import ALICE, MUG_ORDER

UNKNOWN = "0190b6a0-0000-7000-8000-00000000dead"


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


async def test_an_account_that_does_not_exist_gets_no_mail(world: World, worker: Worker) -> None:
    await world.request_mail("VERIFY_EMAIL", REQUEST, user=UNKNOWN)
    await take_in(world, worker, until=1)
    [suppressed] = await worker.deliver()
    assert suppressed.state is DeliveryState.SUPPRESSED


async def test_what_a_customer_does_not_want_is_not_sent(world: World, worker: Worker) -> None:
    async with worker.work.write() as unit:
        await unit.preferences.put(ALICE, Preferences(shipping_updates=False))
    await world.place()
    await world.confirm()
    await world.order_event("OrderShipped")
    await world.request_mail("RESET_PASSWORD", REQUEST)
    await take_in(world, worker, until=3)
    states = {str(delivery.template): delivery.state for delivery in await worker.deliver()}
    assert states == {
        "order_confirmed": DeliveryState.SENT,
        "order_shipped": DeliveryState.SUPPRESSED,
        "reset_password": DeliveryState.SENT,
    }


async def test_a_mail_is_named_by_its_request(world: World, worker: Worker) -> None:
    await world.request_mail("VERIFY_EMAIL", REQUEST)
    await take_in(world, worker, until=1)
    [sent] = await worker.deliver()
    assert sent.notification_id == notification_id(REQUEST, Template.VERIFY_EMAIL)
