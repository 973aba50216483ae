"""Medians, percentiles, and intervals that assume nothing about how values are distributed."""

from collections.abc import Sequence
from math import ceil, comb
from statistics import median

from bench.figures import Estimate

_CONFIDENCE = 0.95


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all values do not exceed (nearest rank).

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values")
    rank = ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def estimate(values: Sequence[float]) -> Estimate:
    """The median with the narrowest interval of order statistics that is 95 % sure.

    Too few values for that: from the least to the greatest, with the confidence that this has.
    """
    ordered = sorted(values)
    drop = _droppable(len(ordered))
    return Estimate(
        value=median(ordered),
        low=ordered[drop],
        high=ordered[-1 - drop],
        confidence=_confidence(len(ordered), drop),
        samples=len(ordered),
    )


def ratios(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """The pairwise ratios, first to second. A disturbance that lasts hits both sides of a pair."""
    return estimate([first / second for first, second in pairs])


def _droppable(count: int) -> int:
    """How many values may be left out at either end."""
    drop = 0
    while 2 * (drop + 1) < count and _confidence(count, drop + 1) >= _CONFIDENCE:
        drop += 1
    return drop


def _confidence(count: int, drop: int) -> float:
    """How likely the true median lies inside: the binomial distribution of values below it."""
    outside = sum(comb(count, below) for below in range(drop + 1))
    return 1.0 - outside / float(2 ** (count - 1))
