"""Medians, percentiles and intervals."""

import pytest

from bench.estimates import estimate, percentile, ratios


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], 50) == 3.0
    assert percentile(list(range(1, 101)), 99) == 99
    assert percentile([7.0], 99) == 7.0


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_six_samples_enclose_the_median_from_the_least_to_the_greatest() -> None:
    found = estimate([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])

    assert (found.low, found.value, found.high) == (1.0, 3.5, 6.0)
    assert found.confidence == pytest.approx(1 - 2 / 2**6)


def test_many_samples_leave_their_extremes_out_and_stay_95_percent_sure() -> None:
    found = estimate([float(each) for each in range(1, 21)])

    assert (found.low, found.high) == (6.0, 15.0)
    assert found.confidence == pytest.approx(0.9586, abs=0.0001)


def test_few_samples_say_how_little_sure_they_are() -> None:
    assert estimate([1.0, 2.0]).confidence == 0.5


def test_a_disturbance_that_hits_both_sides_of_a_pair_leaves_the_ratio_alone() -> None:
    found = ratios([(100.0, 200.0), (10.0, 20.0), (50.0, 100.0)])

    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
