"""A reservation's life, and what each step moves."""

from datetime import timedelta

import pytest

from services.inventory.domain.errors import ReservationDiffers, ReservationExpired, ReservationReleased
from services.inventory.domain.movement import Cause, Movement
from services.inventory.domain.reservation import (
    Offer,
    RequestedLine,
    Reservation,
    ReservationState,
    Shortfall,
    Transition,
    commit,
    expire,
    hold,
    hold_again,
    release,
)
from services.inventory.domain.stock import Shelf, Stock
from services.kernel.money import Money
from tests.support.events import MORNING

PRICE = Money("EUR", 12, 900_000_000)
LATER = MORNING + timedelta(minutes=15)
MUGS = Stock("MUG-RED", (Shelf("berlin", book_quantity=3), Shelf("hamburg", book_quantity=2)))


def held(quantity: int = 4) -> Reservation:
    outcome = hold("order-1", [RequestedLine("MUG-RED", quantity)], {"MUG-RED": Offer(PRICE, MUGS)}, LATER)
    assert isinstance(outcome, Transition)
    return outcome.after


def test_a_hold_moves_pieces_from_every_warehouse_that_it_takes_from() -> None:
    outcome = hold("order-1", [RequestedLine("MUG-RED", 4)], {"MUG-RED": Offer(PRICE, MUGS)}, LATER)

    assert isinstance(outcome, Transition)
    assert outcome.after.state is ReservationState.HELD
    assert outcome.after.expire_time == LATER
    assert outcome.movements == (
        Movement(Cause.RESERVE, "MUG-RED", "berlin", held=3),
        Movement(Cause.RESERVE, "MUG-RED", "hamburg", held=1),
    )


def test_every_line_that_falls_short_is_told_and_nothing_is_held() -> None:
    wanted = [RequestedLine("MUG-RED", 6), RequestedLine("MUG-BLUE", 1), RequestedLine("MUG-GONE", 2)]
    offers = {
        "MUG-RED": Offer(PRICE, MUGS),
        "MUG-BLUE": Offer(None, Stock("MUG-BLUE", (Shelf("berlin", book_quantity=9),))),
    }

    assert hold("order-1", wanted, offers, LATER) == (
        Shortfall("MUG-RED", requested=6, available=5, unknown=False),
        Shortfall("MUG-BLUE", requested=1, available=0, unknown=True),
        Shortfall("MUG-GONE", requested=2, available=0, unknown=True),
    )


def test_a_commit_turns_held_into_committed_once() -> None:
    committed = commit(held(), MORNING)

    assert committed.after.state is ReservationState.COMMITTED
    assert committed.after.expire_time is None
    assert committed.movements[0] == Movement(Cause.COMMIT, "MUG-RED", "berlin", held=-3, committed=3)
    assert commit(committed.after, LATER).movements == ()


def test_an_expired_hold_cannot_be_committed_swept_or_not() -> None:
    with pytest.raises(ReservationExpired):
        commit(held(), LATER)
    with pytest.raises(ReservationExpired):
        commit(expire(held(), LATER).after, LATER)


def test_only_a_hold_expires_and_only_in_its_time() -> None:
    committed = commit(held(), MORNING).after

    assert expire(held(), MORNING).movements == ()
    assert expire(committed, LATER + timedelta(days=1)).after is committed
    assert expire(held(), LATER).movements[0] == Movement(Cause.EXPIRE, "MUG-RED", "berlin", held=-3)


def test_a_hold_that_ran_out_is_held_again_at_its_first_price() -> None:
    expired = expire(held(2), LATER).after

    again = hold_again(expired, {"MUG-RED": MUGS}, LATER + timedelta(minutes=15))

    assert isinstance(again, Transition)
    assert again.before is expired
    assert again.after.state is ReservationState.HELD
    assert again.after.lines[0].unit_price == PRICE


def test_a_hold_that_was_not_swept_yet_is_only_prolonged() -> None:
    again = hold_again(held(5), {}, LATER + timedelta(minutes=15))

    assert isinstance(again, Transition)
    assert again.movements == ()
    assert again.after.expire_time == LATER + timedelta(minutes=15)


def test_a_release_frees_what_is_held_and_what_is_committed() -> None:
    freed_hold = release(held())
    freed_commit = release(commit(held(), MORNING).after)

    assert freed_hold.movements[0] == Movement(Cause.RELEASE, "MUG-RED", "berlin", held=-3)
    assert freed_commit.movements[1] == Movement(Cause.RELEASE, "MUG-RED", "hamburg", committed=-1)


def test_a_release_of_what_was_released_changes_nothing() -> None:
    released = release(held()).after

    assert release(released) == Transition(released, released)


def test_an_expired_hold_is_released_without_a_movement() -> None:
    released = release(expire(held(), LATER).after)

    assert released.after.state is ReservationState.RELEASED
    assert released.movements == ()


def test_a_repeat_with_other_lines_is_refused() -> None:
    with pytest.raises(ReservationDiffers):
        held(2).check_repeat([RequestedLine("MUG-RED", 3)])


def test_a_repeat_after_a_release_is_refused_whatever_its_lines() -> None:
    with pytest.raises(ReservationReleased):
        release(held(2)).after.check_repeat([RequestedLine("MUG-RED", 3)])
