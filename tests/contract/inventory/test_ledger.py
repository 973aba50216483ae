"""What every `Ledger`, `Ledgers` and `DueHolds` promises."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mesh.event_log.outbox.outbox import outbox_metadata
from mesh.sql import read
from services.inventory.adapters.ledger_sql import SqlDueHolds
from services.inventory.adapters.tables import movements, stock
from services.inventory.application.ports import Ledger
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.departure import ship
from services.inventory.domain.errors import StockContended
from services.inventory.domain.events import StockShort
from services.inventory.domain.movement import Cause, Movement, Provenance
from services.inventory.domain.reservation import (
    RequestedLine,
    Reservation,
    ReservationState,
    Transition,
    commit,
    hold,
    release,
)
from services.kernel.envelope import Envelope
from services.kernel.money import Money
from tests.support.events import MORNING
from tests.support.inventory.shop import ORDER, STAFF, Shop, order_id

LATER = MORNING + timedelta(minutes=15)
BY_ORDER = Provenance(ORDER, MORNING, order_id=order_id(1), causation="a call")


async def held(ledger: Ledger, quantity: int = 2, number: int = 1) -> Reservation:
    offers = await ledger.offers(["MUG-RED"])
    outcome = hold(order_id(number), [RequestedLine("MUG-RED", quantity)], offers, LATER)
    assert isinstance(outcome, Transition)
    await ledger.apply(outcome, BY_ORDER)
    return outcome.after


async def test_offers_tell_price_and_shelves_of_known_skus(shop: Shop) -> None:
    await shop.sell("MUG-RED", "12.90", berlin=3, hamburg=4)
    await shop.sell("MUG-OLD", berlin=1)
    await shop.products.retire("MUG-OLD", actor=STAFF)

    offers = await shop.ledgers.write(lambda ledger: ledger.offers(["MUG-RED", "MUG-OLD", "MUG-GONE"]))

    assert offers.keys() == {"MUG-RED", "MUG-OLD"}
    assert offers["MUG-RED"].price == Money("EUR", 12, 900_000_000)
    assert [(shelf.warehouse, shelf.book_quantity) for shelf in offers["MUG-RED"].stock.shelves] == [
        ("berlin", 3),
        ("hamburg", 4),
    ]
    assert offers["MUG-OLD"].price is None


async def test_a_reservation_is_found_as_it_was_stored(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=4)

    stored = await shop.ledgers.write(lambda ledger: held(ledger, 6))

    found = await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(1)))
    assert found == stored
    assert await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(2))) is None


async def test_a_tombstone_has_no_lines(shop: Shop) -> None:
    tombstone = Reservation(order_id(1), ReservationState.RELEASED)

    await shop.ledgers.write(lambda ledger: ledger.apply(Transition(None, tombstone), BY_ORDER))

    assert await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(1))) == tombstone


async def test_each_step_of_a_reservation_is_stored(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=4)

    async def live(ledger: Ledger) -> Reservation:
        committed = commit(await held(ledger, 6), MORNING)
        await ledger.apply(committed, BY_ORDER)
        shipped = ship(committed.after, [], None).transition
        await ledger.apply(shipped, BY_ORDER)
        return shipped.after

    shipped = await shop.ledgers.write(live)

    found = await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(1)))
    assert found == shipped
    assert all(part.gone == part.quantity for line in found.lines for part in line.allocations)
    assert (await shop.stocks.get("MUG-RED")).on_hand == 1
    assert not await shop.discrepancies()


async def test_other_allocations_replace_the_first_ones(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3, hamburg=4)
    first = await shop.ledgers.write(lambda ledger: held(ledger, 2))
    await shop.ledgers.write(lambda ledger: ledger.apply(release(first), BY_ORDER))

    async def elsewhere(ledger: Ledger) -> Reservation:
        outcome = hold(order_id(1), [RequestedLine("MUG-RED", 7)], await ledger.offers(["MUG-RED"]), LATER)
        assert isinstance(outcome, Transition)
        # As if it had been a hold of seven before: the lines stay, their places change.
        again = Transition(first, outcome.after, outcome.movements)
        await ledger.apply(again, BY_ORDER)
        found = await ledger.reservation(order_id(1))
        assert found is not None
        return found

    found = await shop.ledgers.write(elsewhere)

    assert [(part.warehouse, part.quantity) for part in found.lines[0].allocations] == [
        ("berlin", 3),
        ("hamburg", 4),
    ]


async def test_every_movement_is_recorded_with_its_provenance(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=3)

    await shop.ledgers.write(lambda ledger: held(ledger, 2))

    last = (await shop.rows(movements))[-1]
    assert (last.cause, last.sku, last.warehouse, last.held) == ("RESERVE", "MUG-RED", "berlin", 2)
    assert (last.actor, last.order_id, last.causation, last.time) == (ORDER, order_id(1), "a call", MORNING)


async def test_stock_that_is_gone_is_not_moved_and_the_whole_work_is_undone(shop: Shop) -> None:
    await shop.sell("MUG-BLUE", berlin=5)
    await shop.sell("MUG-RED", berlin=1)
    attempts = 0

    async def greedy(ledger: Ledger) -> None:
        nonlocal attempts
        attempts += 1
        taken = [
            Movement(Cause.RESERVE, "MUG-RED", "berlin", held=2),
            Movement(Cause.RESERVE, "MUG-BLUE", "berlin", held=2),
        ]
        await ledger.move(taken, BY_ORDER)

    with pytest.raises(StockContended):
        await shop.ledgers.write(greedy)

    assert attempts > 1
    assert (await shop.stocks.get("MUG-BLUE")).reserved == 0
    assert not await shop.discrepancies()


async def test_committed_and_unreported_pieces_are_not_free(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    async def greedy(ledger: Ledger) -> None:
        claimed = Movement(Cause.COMMIT, "MUG-RED", "berlin", committed=2)
        gone = Movement(Cause.SHIP, "MUG-RED", "berlin", unreported=1)
        await ledger.move([claimed], BY_ORDER)
        await ledger.move([gone], BY_ORDER)
        await ledger.move([Movement(Cause.RESERVE, "MUG-RED", "berlin", held=3)], BY_ORDER)

    with pytest.raises(StockContended):
        await shop.ledgers.write(greedy)


@pytest.mark.parametrize("number", ["book_quantity", "unreported", "held", "committed"])
async def test_no_number_of_a_shelf_falls_below_zero(shop: Shop, number: str) -> None:
    await shop.sell("MUG-RED", berlin=5)
    wrong = Movement(Cause.RELEASE, "MUG-RED", "berlin", **{number: -6})

    with pytest.raises(IntegrityError):
        await shop.ledgers.write(lambda ledger: ledger.move([wrong], BY_ORDER))


async def test_a_lost_race_is_run_again(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)
    attempts = 0

    async def lucky_at_last(ledger: Ledger) -> int:
        nonlocal attempts
        attempts += 1
        await ledger.move([Movement(Cause.RESERVE, "MUG-RED", "berlin", held=7 - attempts)], BY_ORDER)
        return attempts

    assert await shop.ledgers.write(lucky_at_last) == 2
    assert (await shop.stocks.get("MUG-RED")).reserved == 5


async def test_work_that_fails_leaves_nothing(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=5)

    async def fail(ledger: Ledger) -> None:
        await held(ledger)
        raise RuntimeError("late")

    with pytest.raises(RuntimeError, match="late"):
        await shop.ledgers.write(fail)

    assert await shop.ledgers.write(lambda ledger: ledger.reservation(order_id(1))) is None
    assert (await shop.stocks.get("MUG-RED")).reserved == 0


async def test_parallel_work_happens_one_after_the_other(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=100)

    await asyncio.gather(*(shop.ledgers.write(lambda ledger, n=n: held(ledger, 2, n)) for n in range(1, 31)))  # type: ignore[misc]

    assert (await shop.stocks.get("MUG-RED")).reserved == 60
    assert (await shop.rows(stock))[0].version == 31
    assert not await shop.discrepancies()


async def test_an_adjustment_is_remembered_by_caller_and_request_id(shop: Shop) -> None:
    command = AdjustStock(STAFF, "count-1", "MUG-RED", "", 3, "found some")

    await shop.ledgers.write(lambda ledger: ledger.add_adjustment(command, Provenance(STAFF, MORNING)))

    async def find(caller: str, request_id: str) -> AdjustStock | None:
        return await shop.ledgers.write(lambda ledger: ledger.adjustment(caller, request_id))

    assert await find(STAFF, "count-1") == command
    assert await find("staff:bob", "count-1") is None
    assert await find(STAFF, "count-2") is None


async def test_a_warehouse_is_there_once_it_is_opened(shop: Shop) -> None:
    async def open_twice(ledger: Ledger) -> bool:
        assert not await ledger.has_warehouse("munich")
        await ledger.open_warehouse("munich")
        await ledger.open_warehouse("munich")
        return await ledger.has_warehouse("munich")

    assert await shop.ledgers.write(open_twice)


async def test_an_event_is_published_if_and_only_if_the_work_succeeds(shop: Shop) -> None:
    async def tell(ledger: Ledger, missing: int) -> None:
        await ledger.publish(StockShort("MUG-RED", "berlin", missing, ()), BY_ORDER)
        if missing == 1:
            raise RuntimeError("late")

    with pytest.raises(RuntimeError, match="late"):
        await shop.ledgers.write(lambda ledger: tell(ledger, 1))
    await shop.ledgers.write(lambda ledger: tell(ledger, 2))
    await shop.ledgers.write(lambda ledger: tell(ledger, 3))

    async with read(shop.engine) as session:
        outbox = outbox_metadata.tables["outbox"]
        bodies = (await session.execute(select(outbox.c.body).order_by(outbox.c.id))).scalars().all()
    events = [Envelope.from_body(body) for body in bodies]
    assert [(event.type, event.key, event.version) for event in events] == [
        ("StockShort", "MUG-RED", 1),
        ("StockShort", "MUG-RED", 2),
    ]
    assert events[0].payload == {
        "sku": "MUG-RED",
        "warehouse": "berlin",
        "missing": 2,
        "claims": [],
    }
    assert (events[0].actor, events[0].correlation) == (ORDER, order_id(1))


async def test_only_holds_whose_time_is_over_are_due(shop: Shop) -> None:
    await shop.sell("MUG-RED", berlin=10)
    holds = SqlDueHolds(engine=shop.engine)
    first = await shop.ledgers.write(lambda ledger: held(ledger, 1, 1))
    await shop.ledgers.write(lambda ledger: held(ledger, 1, 2))
    await shop.ledgers.write(lambda ledger: ledger.apply(commit(first, MORNING), BY_ORDER))

    assert await holds.find(LATER - timedelta(microseconds=1), limit=10) == []
    assert await holds.find(LATER, limit=10) == [order_id(2)]
