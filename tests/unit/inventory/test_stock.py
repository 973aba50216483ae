"""The arithmetic of stock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.stock import Allocation, Shelf, Stock, allocate

counts = st.integers(0, 500)
shelves = st.lists(
    st.builds(Shelf, st.sampled_from("abcdef"), counts, counts, counts, counts),
    unique_by=lambda shelf: shelf.warehouse,
)


def test_what_is_shipped_but_unreported_is_not_on_hand() -> None:
    shelf = Shelf("berlin", book_quantity=10, unreported=3, held=2, committed=1)

    assert (shelf.on_hand, shelf.reserved, shelf.available) == (7, 3, 4)


def test_a_shortage_in_one_warehouse_takes_nothing_from_another() -> None:
    stock = Stock(
        "MUG-RED", (Shelf("berlin", book_quantity=2, committed=5), Shelf("hamburg", book_quantity=4))
    )

    assert stock.available == 4
    assert stock.shelves[0].missing == 3


def test_a_line_is_taken_whole_where_one_warehouse_has_it() -> None:
    taken = allocate((Shelf("berlin", book_quantity=3), Shelf("hamburg", book_quantity=5)), 4)

    assert taken == (Allocation("hamburg", 4),)


def test_a_line_that_no_warehouse_has_whole_is_split() -> None:
    taken = allocate((Shelf("berlin", book_quantity=3), Shelf("hamburg", book_quantity=5)), 7)

    assert taken == (Allocation("berlin", 2), Allocation("hamburg", 5))


def test_more_than_there_is_cannot_be_allocated() -> None:
    with pytest.raises(ValueError, match="fewer"):
        allocate((Shelf("berlin", book_quantity=3),), 4)


@given(shelves, st.data())
def test_an_allocation_is_exact_and_within_what_each_warehouse_has(
    found: list[Shelf], data: st.DataObject
) -> None:
    available = sum(shelf.available for shelf in found)
    quantity = data.draw(st.integers(0, available))

    taken = allocate(found, quantity)

    free = {shelf.warehouse: shelf.available for shelf in found}
    assert sum(part.quantity for part in taken) == quantity
    assert all(0 < part.quantity <= free[part.warehouse] for part in taken)
    assert len(taken) <= 1 or quantity > max(free.values())
