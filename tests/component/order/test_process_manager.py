"""What the process manager finishes: crashes between every two steps, a silent inventory, lost releases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.order.application.ports import AccountState, CustomerIsClosed
from services.order.domain.events import RejectionReason
from services.order.domain.order import OrderState, order_id_of
from services.order.entrypoints.background import manage
from tests.support.events import running
from tests.support.order_world import ALICE, BOB, Crash, OrderWorld, mugs, open_world
from tests.support.waiting import eventually

BREAKFAST = order_id_of(ALICE, "breakfast")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[OrderWorld]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    "step", ["order_placed", "stock_reserved", "reservation_committed", "order_confirmed"]
)
async def test_an_order_whose_process_died_behind_a_step_is_finished(world: OrderWorld, step: str) -> None:
    world.steps.crash_behind = step
    with pytest.raises(Crash):
        await world.place(mugs(2))
    world.steps.crash_behind = ""

    world.clock.advance(seconds=11)
    await world.manage()

    assert (await world.order(BREAKFAST)).state is OrderState.CONFIRMED
    assert await world.types(BREAKFAST) == ["OrderPlaced", "OrderConfirmed"]
    assert world.inventory.available("MUG-RED") == 8
    assert not await world.is_open()


async def test_a_young_order_is_left_to_the_call_that_places_it(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.inventory.answer_again()

    world.clock.advance(seconds=9)
    await world.manage()

    assert (await world.order(BREAKFAST)).state is OrderState.PENDING


async def test_an_order_is_finished_also_when_the_clock_was_set_back(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.inventory.answer_again()

    world.clock.advance(hours=-1)
    await world.manage()

    assert (await world.order(BREAKFAST)).state is OrderState.CONFIRMED


async def test_the_process_manager_goes_on_when_the_store_is_back(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.inventory.answer_again()
    world.clock.advance(seconds=11)

    async def is_confirmed() -> bool:
        return (await world.order(BREAKFAST)).state is OrderState.CONFIRMED

    async def has_failed() -> bool:
        return any(line["event"] == "process_manager_waits" for line in lines)

    await world.tamper("ALTER TABLE commits RENAME TO away")
    with capture_logs() as lines:
        async with running(manage(world.use_cases.manager, pause_seconds=0.01)):
            await eventually(has_failed, "the process manager misses its store")
            await world.tamper("ALTER TABLE away RENAME TO commits")
            await eventually(is_confirmed, "the order is confirmed")


async def test_a_pending_order_is_decided_when_inventory_answers_again(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.clock.advance(minutes=4)
    await world.manage()
    assert (await world.order(BREAKFAST)).state is OrderState.PENDING

    world.inventory.answer_again()
    await world.manage()

    assert (await world.order(BREAKFAST)).state is OrderState.CONFIRMED


async def test_an_attempt_that_fails_after_the_fifth_minute_rejects_the_order(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.clock.advance(minutes=5)

    await world.manage()

    order = await world.order(BREAKFAST)
    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.UNAVAILABLE
    assert order.rejection.decided_later
    assert await world.is_open(), "the release is still owed"


async def test_an_attempt_that_succeeds_after_the_fifth_minute_confirms_the_order(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.inventory.answer_again()
    world.clock.advance(minutes=6)

    await world.manage()

    assert (await world.order(BREAKFAST)).state is OrderState.CONFIRMED


async def test_a_rejected_order_gives_back_what_a_lost_answer_had_reserved(world: OrderWorld) -> None:
    world.inventory.be_silent("commit")
    await world.place(mugs(2))
    world.inventory.be_silent()
    world.clock.advance(minutes=5)
    await world.manage()
    assert world.inventory.available("MUG-RED") == 8

    world.inventory.answer_again()
    await world.manage()

    assert world.inventory.available("MUG-RED") == 10
    assert not await world.is_open()


async def test_a_rejection_that_nobody_waits_for_says_so(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs(11))
    world.inventory.answer_again()
    world.clock.advance(seconds=11)

    await world.manage()

    order = await world.order(BREAKFAST)
    assert order.rejection is not None
    assert order.rejection.reason is RejectionReason.OUT_OF_STOCK
    assert order.rejection.decided_later


async def test_its_events_continue_the_flow_and_the_trace_of_the_order(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs())
    world.inventory.answer_again()
    world.clock.advance(seconds=11)
    await world.manage()

    page = await world.audit.history(BREAKFAST, customer_id=ALICE, requested_size=0, page_token="")

    placed, confirmed = (event.envelope for event in page.events)
    assert (placed.actor, confirmed.actor) == (f"customer:{ALICE}", "system")
    assert confirmed.trace == placed.trace
    assert confirmed.correlation == placed.correlation
    assert confirmed.causation == placed.event_id


async def test_two_process_managers_at_once_do_no_harm(tmp_path: Path, world: OrderWorld) -> None:
    world.inventory.be_silent()
    for number in range(4):
        await world.place(mugs(1, request_id=f"order-{number}"))
    world.inventory.answer_again()
    world.clock.advance(seconds=11)

    async with open_world(tmp_path, inventory=world.inventory, clock=world.clock) as other:
        world.inventory.before["reserve"] = other.manage
        await world.manage()

    for number in range(4):
        order_id = order_id_of(ALICE, f"order-{number}")
        assert await world.types(order_id) == ["OrderPlaced", "OrderConfirmed"]
    assert world.inventory.available("MUG-RED") == 6
    assert not await world.is_open()


async def test_an_order_that_cannot_be_read_stops_no_other(world: OrderWorld) -> None:
    world.inventory.be_silent()
    await world.place(mugs(1, request_id="first"))
    await world.place(mugs(1, request_id="second"))
    world.inventory.answer_again()
    world.clock.advance(seconds=11)
    await world.tamper(
        "UPDATE events SET body = :body WHERE order_id = :id",
        body=b"no event",
        id=order_id_of(ALICE, "first"),
    )

    await world.manage()

    assert (await world.order(order_id_of(ALICE, "second"))).state is OrderState.CONFIRMED


@pytest.mark.parametrize("state", [AccountState.ACTIVE, AccountState.UNKNOWN, None])
async def test_a_closing_without_an_erasure_is_taken_back_once_user_says_so(
    world: OrderWorld, state: AccountState | None
) -> None:
    world.accounts.states[ALICE] = state
    await world.customers.close(ALICE)
    world.clock.advance(minutes=11)

    await world.manage()

    if state is None:
        with pytest.raises(CustomerIsClosed):
            await world.adapters.vault.require_open(ALICE)
    else:
        await world.adapters.vault.require_open(ALICE)


async def test_a_closing_whose_erasure_was_missed_is_finished(world: OrderWorld) -> None:
    await world.place(mugs())
    world.accounts.states[BOB] = AccountState.ERASED
    await world.customers.close(BOB)
    world.clock.advance(minutes=11)

    await world.manage()

    with pytest.raises(CustomerIsClosed):
        await world.adapters.vault.digest(BOB, b"anything")
