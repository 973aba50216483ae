"""What callers of NotificationService see."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from interceptors.auth.caller import Caller, CallerKind
from interceptors.core.call import Call, begin
from mesh.contract import load_contract
from services.kernel.paging import InvalidPageToken
from services.notification.domain.errors import NothingToChange, UnknownPreference
from shopmesh.events.v1.parked_events_pb2 import ListParkedEventsRequest, RedriveParkedEventsRequest
from shopmesh.notification.v1 import notification_service_pb2 as messages
from tests.component.notification.conftest import Worker, World
from tests.support.events import eventually, running
from tests.support.mail import ALICE, BOB

pytestmark = pytest.mark.fast

NO_CONTEXT: Any = None
REQUESTS = [f"0190b6a0-0000-7000-8000-0000000000f{number}" for number in range(5)]


def log_in(user: str) -> None:
    (method, *_) = load_contract().methods_of("notification")
    begin(Call(method, {}, caller=Caller(CallerKind.USER, subject=user)))


async def consumed(world: World, worker: Worker, *, deliveries: int = 0, parked: int = 0) -> None:
    async def all_in() -> bool:
        in_time = await world.count("deliveries") >= deliveries
        return in_time and await world.count("parked") >= parked

    async with running(worker.consumer.run()):
        await eventually(all_in)


async def notifications(worker: Worker, size: int = 0, token: str = "") -> messages.ListNotificationsResponse:
    request = messages.ListNotificationsRequest(page_size=size, page_token=token)
    return await worker.servicer.ListNotifications(request, NO_CONTEXT)


async def test_customers_see_their_own_newest_first_page_by_page(world: World, worker: Worker) -> None:
    for request in REQUESTS:
        await world.request_mail("RESET_PASSWORD", request)
    await world.request_mail("VERIFY_EMAIL", REQUESTS[0], user=BOB)
    await consumed(world, worker, deliveries=6)
    log_in(ALICE)
    first = await notifications(worker, 3)
    rest = await notifications(worker, 3, first.next_page_token)
    seen = [*first.notifications, *rest.notifications]
    assert len(first.notifications) == 3
    assert rest.next_page_token == ""
    assert len({each.notification_id for each in seen}) == 5
    assert {each.template for each in seen} == {"reset_password"}


async def test_a_notification_shows_its_state(world: World, worker: Worker) -> None:
    await world.place()
    await world.confirm()
    await consumed(world, worker, deliveries=1)
    log_in(ALICE)
    [pending] = (await notifications(worker)).notifications
    assert pending.state == messages.DELIVERY_STATE_PENDING
    assert not pending.HasField("send_time")
    await worker.deliver()
    [sent] = (await notifications(worker)).notifications
    assert (sent.state, sent.attempts) == (messages.DELIVERY_STATE_SENT, 1)
    assert sent.HasField("send_time")


async def test_a_page_token_of_somebody_else_is_refused(world: World, worker: Worker) -> None:
    for request in REQUESTS:
        await world.request_mail("RESET_PASSWORD", request)
    await consumed(world, worker, deliveries=5)
    log_in(ALICE)
    token = (await notifications(worker, 1)).next_page_token
    log_in(BOB)
    with pytest.raises(InvalidPageToken):
        await notifications(worker, 1, token)


async def update(worker: Worker, mask: list[str]) -> messages.Preferences:
    request = messages.UpdatePreferencesRequest(
        preferences=messages.Preferences(), update_mask=FieldMask(paths=mask)
    )
    return (await worker.servicer.UpdatePreferences(request, NO_CONTEXT)).preferences


async def test_preferences_are_on_until_they_are_changed_and_then_stay(worker: Worker) -> None:
    log_in(ALICE)
    chosen = messages.Preferences(order_updates=True, shipping_updates=False)
    assert await update(worker, ["shipping_updates"]) == chosen
    shown = await worker.servicer.GetPreferences(messages.GetPreferencesRequest(), NO_CONTEXT)
    assert shown.preferences == chosen
    log_in(BOB)
    shown = await worker.servicer.GetPreferences(messages.GetPreferencesRequest(), NO_CONTEXT)
    assert shown.preferences == messages.Preferences(order_updates=True, shipping_updates=True)


async def test_an_update_has_to_say_what_to_change(worker: Worker) -> None:
    log_in(ALICE)
    with pytest.raises(NothingToChange):
        await update(worker, [])
    with pytest.raises(UnknownPreference):
        await update(worker, ["account_mails"])


async def test_parked_events_are_listed_and_go_in_order_once_they_can(world: World, worker: Worker) -> None:
    unreadable = {"customerId": ALICE, "lines": "none"}
    await world.order_event("OrderPlaced", unreadable)
    await world.confirm()
    await consumed(world, worker, parked=2)
    listed = await worker.servicer.ListParkedEvents(ListParkedEventsRequest(page_size=1), NO_CONTEXT)
    rest = await worker.servicer.ListParkedEvents(
        ListParkedEventsRequest(page_size=1, page_token=listed.next_page_token), NO_CONTEXT
    )
    assert [(each.type, each.version) for each in (*listed.events, *rest.events)] == [
        ("OrderPlaced", 1),
        ("OrderConfirmed", 2),
    ]
    assert "OrderPlaced cannot be read" in listed.events[0].reason
    assert rest.next_page_token == ""
    redriven = await worker.servicer.RedriveParkedEvents(RedriveParkedEventsRequest(), NO_CONTEXT)
    assert (redriven.handled, redriven.remaining) == (0, 2)
