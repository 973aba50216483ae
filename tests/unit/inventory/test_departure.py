"""Pieces that leave, said by the shop and by warehouse systems in any order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.departure import Departure, Report, depart, give_back, pieces_named, ship
from services.inventory.domain.movement import Movement
from services.inventory.domain.reservation import (
    Offer,
    RequestedLine,
    Reservation,
    ReservationState,
    Transition,
    commit,
    hold,
)
from services.inventory.domain.stock import Shelf, Stock
from services.kernel.money import Money
from tests.support.events import MORNING

PRICE = Money("EUR", 12, 900_000_000)
LATER = MORNING + timedelta(minutes=15)
WAREHOUSES = ("berlin", "hamburg", "munich")
"""Nothing is allocated in the last."""

ByTheShop = tuple[str, int]
"""A SKU and how many pieces have left."""
ByTheWarehouse = tuple[str, str, int]
"""The same with the warehouse."""


def confirmed(mugs: int = 5, pots: int = 2) -> Reservation:
    stocks = [
        Stock("MUG", (Shelf("berlin", book_quantity=3), Shelf("hamburg", book_quantity=2))),
        Stock("POT", (Shelf("berlin", book_quantity=2), Shelf("hamburg", book_quantity=0))),
    ]
    wanted = [RequestedLine("MUG", mugs), RequestedLine("POT", pots)]
    held = hold("order-1", wanted, {stock.sku: Offer(PRICE, stock) for stock in stocks}, LATER)
    assert isinstance(held, Transition)
    return commit(held.after, MORNING).after


@dataclass
class Story:
    """An order and its shelves, as facts come in.

    Attributes:
        shelves: What has moved, by SKU, warehouse and number.
    """

    reservation: Reservation = field(default_factory=confirmed)
    reports: list[Report] = field(default_factory=list)
    shelves: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    too_many: int = 0

    def shop_ships(self, sku: str, pieces: int) -> None:
        self._take(ship(self.reservation, self.reports, {sku: pieces}))

    def shop_ships_the_rest(self) -> None:
        self._take(ship(self.reservation, self.reports, None))

    def warehouse_ships(self, sku: str, warehouse: str, pieces: int) -> None:
        before = self._report(sku, warehouse)
        after = before.left(pieces, (1, 1))
        self._take(depart(self.reservation, self.reports, after, book_quantity=-pieces))

    def give_back(self) -> None:
        self._take(give_back(self.reservation, self.reports))

    def hear(self, facts: Iterable[ByTheShop | ByTheWarehouse]) -> "Story":
        for fact in facts:
            if len(fact) == 2:
                self.shop_ships(*fact)
            else:
                self.warehouse_ships(*fact)
        return self

    def pieces(self, what: str, sku: str) -> int:
        return sum(pieces for (each, _, name), pieces in self.shelves.items() if (each, name) == (sku, what))

    def _report(self, sku: str, warehouse: str) -> Report:
        known = (each for each in self.reports if (each.sku, each.warehouse) == (sku, warehouse))
        return next(known, Report("order-1", sku, warehouse))

    def _take(self, departure: Departure) -> None:
        self.reservation = departure.transition.after
        for movement in departure.transition.movements:
            self._move(movement)
        changed = {(each.sku, each.warehouse): each for each in departure.reports}
        kept = [each for each in self.reports if (each.sku, each.warehouse) not in changed]
        self.reports = [*kept, *changed.values()]
        self.too_many += departure.too_many
        for event in departure.events:
            self.reported[event.sku] = event.reported_total

    def _move(self, movement: Movement) -> None:
        for name in ("book_quantity", "unreported", "held", "committed"):
            self.shelves[movement.sku, movement.warehouse, name] += getattr(movement, name)


@st.composite
def facts(draw: st.DrawFn) -> Sequence[ByTheShop | ByTheWarehouse]:
    """The shop ships at most what was ordered; warehouses do what they like."""
    found: list[ByTheShop | ByTheWarehouse] = []
    for sku, ordered in (("MUG", 5), ("POT", 2)):
        left = ordered
        while left and draw(st.booleans()):
            found.append((sku, pieces := draw(st.integers(1, left))))
            left -= pieces
        places = st.tuples(st.just(sku), st.sampled_from(WAREHOUSES), st.integers(1, 3))
        found += draw(st.lists(places, max_size=3))
    return found


@given(data=st.data(), said=facts())
def test_facts_in_any_order_end_equal(
    data: st.DataObject, said: Sequence[ByTheShop | ByTheWarehouse]
) -> None:
    one, other = Story().hear(said), Story().hear(data.draw(st.permutations(said)))

    assert one.reservation == other.reservation
    assert +one.shelves == +other.shelves
    assert -one.shelves == -other.shelves
    assert one.too_many == other.too_many


@given(said=facts())
def test_what_is_gone_and_unreported_follows_from_both_sums(
    said: Sequence[ByTheShop | ByTheWarehouse],
) -> None:
    story = Story().hear(said)

    for sku, ordered in (("MUG", 5), ("POT", 2)):
        shipped = sum(fact[1] for fact in said if len(fact) == 2 and fact[0] == sku)
        reported = sum(fact[2] for fact in said if len(fact) == 3 and fact[0] == sku)
        line = story.reservation.line(sku)
        assert line is not None
        assert sum(part.gone for part in line.allocations) == min(ordered, max(shipped, reported))
        assert sum(part.unreported for part in line.allocations) == max(0, shipped - reported)
        assert story.pieces("unreported", sku) == max(0, shipped - reported)
        assert story.pieces("book_quantity", sku) == -reported
        assert story.pieces("committed", sku) == -min(ordered, max(shipped, reported))
        assert all(0 <= part.unreported <= part.gone <= part.quantity for part in line.allocations)


@given(said=facts(), later=facts())
def test_a_release_gives_back_what_has_not_left(
    said: Sequence[ByTheShop | ByTheWarehouse], later: Sequence[ByTheShop | ByTheWarehouse]
) -> None:
    story = Story().hear(said)
    story.give_back()

    assert story.pieces("committed", "MUG") == -5
    story.hear([fact for fact in later if len(fact) == 3])
    whole = all(line.shipped == line.quantity for line in story.reservation.lines)
    assert story.reservation.state is (ReservationState.SHIPPED if whole else ReservationState.RELEASED)
    assert story.pieces("committed", "MUG") == -5
    beyond = sum(each.after_cancel for each in story.reports)
    assert beyond == sum(
        max(
            0,
            min(line.quantity, sum(each.pieces for each in story.reports if each.sku == line.sku))
            - line.shipped,
        )
        for line in story.reservation.lines
    )


def test_the_rest_is_all_that_had_not_left() -> None:
    story = Story().hear([("MUG", "berlin", 1)])

    story.shop_ships_the_rest()

    assert story.reservation.state is ReservationState.SHIPPED
    assert (story.pieces("unreported", "MUG"), story.pieces("unreported", "POT")) == (4, 2)


def test_what_nobody_has_a_claim_on_never_reaches_the_order() -> None:
    story = Story().hear([("MUG", "berlin", 3), ("MUG", "munich", 4)])

    assert (story.reported["MUG"], story.too_many) == (5, 2)


def test_pieces_of_another_warehouse_are_taken_where_some_are_open() -> None:
    story = Story().hear([("MUG", "berlin", 5)])

    assert story.shelves["MUG", "berlin", "committed"] == -3
    assert story.shelves["MUG", "hamburg", "committed"] == -2


@pytest.mark.parametrize(("shipped", "named"), [(0, 3), (1, 1), (5, 3)])
def test_a_count_that_gives_no_number_means_what_the_shop_has_shipped_there(shipped: int, named: int) -> None:
    story = Story().hear([("MUG", shipped)] if shipped else [])

    assert pieces_named(story.reservation, "MUG", "berlin") == named


Saying = tuple[str, tuple[int, int], int]
"""A delta or a count, when, and its pieces."""


@st.composite
def sayings(draw: st.DrawFn) -> Sequence[Saying]:
    """What a warehouse says of an order, each with an epoch and sequence of its own."""
    times = draw(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 9)), unique=True, max_size=8))
    return [(draw(st.sampled_from(["delta", "count"])), at, draw(st.integers(1, 4))) for at in times]


class TestReport:
    """What a warehouse has said, by counts and deltas."""

    def test_a_late_count_without_a_number_counts_no_later_delta_twice(self) -> None:
        report = Report("order-1", "MUG", "berlin").left(2, (1, 4))

        assert report.risen(5, (1, 2)).pieces == 5
        assert report.risen(1, (1, 2)).pieces == 2

    def test_a_count_covers_the_deltas_before_it(self) -> None:
        report = Report("order-1", "MUG", "berlin").left(1, (1, 1)).counted(3, (1, 2))

        assert report.pieces == 3
        assert report.left(1, (1, 3)).pieces == 4

    def test_a_count_that_gives_fewer_takes_none_back_that_a_delta_has_said(self) -> None:
        report = Report("order-1", "MUG", "berlin").left(2, (1, 1)).counted(1, (1, 2))

        assert report.pieces == 2

    def test_a_later_count_replaces_an_earlier_one(self) -> None:
        report = Report("order-1", "MUG", "berlin").counted(3, (1, 2))

        assert report.counted(2, (1, 3)).pieces == 2
        assert report.counted(5, (1, 1)).pieces == 3

    def test_a_late_delta_is_covered_by_the_count_after_it(self) -> None:
        report = Report("order-1", "MUG", "berlin").counted(3, (1, 2))

        assert report.left(2, (1, 1)).pieces == 3
        assert report.left(4, (1, 1)).pieces == 4

    @given(said=sayings(), data=st.data(), at_least=st.integers(0, 20))
    def test_what_was_said_in_any_order_is_the_same(
        self, said: Sequence[Saying], data: st.DataObject, at_least: int
    ) -> None:
        heard = data.draw(st.permutations(said))
        report = Report("order-1", "MUG", "berlin")
        for kind, at, pieces in heard:
            report = report.left(pieces, at) if kind == "delta" else report.counted(pieces, at)

        # A count without a number says how many have left by now, and nothing of those to come.
        assert report.risen(at_least, (3, 1)).pieces == max(report.pieces, at_least)
        named_at, named = max(
            ((at, pieces) for kind, at, pieces in said if kind == "count"), default=((0, 0), 0)
        )
        deltas = [(at, pieces) for kind, at, pieces in said if kind == "delta"]
        before = sum(pieces for at, pieces in deltas if at < named_at)
        assert report.pieces == max(named, before) + sum(pieces for at, pieces in deltas if at > named_at)
