"""What of a caller's patience may be spent on other services."""

from services.order.application.commands.deadline import Deadline


def test_half_a_second_is_kept_for_the_answer() -> None:
    assert Deadline.within(10, monotonic=lambda: 100.0).for_calls() == 9.5


def test_a_call_gets_no_more_than_it_asks_for() -> None:
    assert Deadline.within(10, monotonic=lambda: 100.0).for_calls(2) == 2


def test_there_is_nothing_left_near_the_end() -> None:
    assert Deadline.within(0.3, monotonic=lambda: 100.0).for_calls() == 0
