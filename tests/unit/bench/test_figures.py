"""What a figure says about its bound."""

import pytest

from bench.figures import Bound, Estimate, Figure, Verdict, at_least, at_most


def figure(
    value: float, bound: Bound | None, *, low: float = 0.0, high: float = 0.0, errors: int = 0
) -> Figure:
    estimate = Estimate(value, low or value, high or value, 0.95, 6)
    return Figure("P1", "calls", estimate, "x", bound, errors)


@pytest.mark.parametrize(
    ("value", "bound", "verdict"),
    [
        (0.54, at_least(0.55, 0.7), Verdict.MISS),
        (0.55, at_least(0.55, 0.7), Verdict.PASS),
        (0.70, at_least(0.55, 0.7), Verdict.STRETCH),
        (0.46, at_most(0.45, 0.3), Verdict.MISS),
        (0.31, at_most(0.45, 0.3), Verdict.PASS),
        (0.30, at_most(0.45, 0.3), Verdict.STRETCH),
        (1.00, at_most(1), Verdict.PASS),
        (1.00, None, Verdict.NONE),
    ],
)
def test_the_verdict_follows_from_the_bound(value: float, bound: Bound | None, verdict: Verdict) -> None:
    assert figure(value, bound).verdict is verdict


def test_any_error_fails_a_figure_however_good_it_is() -> None:
    assert figure(0.9, at_least(0.5), errors=1).verdict is Verdict.FAILED


def test_a_figure_is_settled_when_its_interval_lies_on_one_side_of_the_bound() -> None:
    assert figure(0.6, at_least(0.5), low=0.55, high=0.7).is_settled
    assert not figure(0.6, at_least(0.5), low=0.45, high=0.7).is_settled
    assert figure(0.6, None, low=0.1, high=0.9).is_settled
