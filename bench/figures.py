"""Figures with their intervals, and what they have to reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

Curves = Mapping[str, Sequence[tuple[float, float]]]
"""Points by the name of their line."""


class Verdict(Enum):
    """What a figure says about its bound."""

    STRETCH = "stretch"
    PASS = "pass"
    MISS = "miss"
    FAILED = "failed"
    NONE = "-"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the interval in which it lies.

    Attributes:
        value: The median.
        low: The lower end of the interval.
        high: Its upper end.
        confidence: How sure the interval is, 0 to 1; few samples cannot give 0.95.
        samples: How many values it was made from.
    """

    value: float
    low: float
    high: float
    confidence: float
    samples: int

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """A number that was counted, not measured."""
        return cls(value, value, value, 1.0, 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure has to reach: at least or at most a limit, and a stretch beyond it."""

    limit: float
    stretch: float | None
    is_floor: bool

    def holds(self, value: float) -> bool:
        return self._within(value, self.limit)

    def is_stretched(self, value: float) -> bool:
        return self.stretch is not None and self._within(value, self.stretch)

    def __str__(self) -> str:
        sign = "≥" if self.is_floor else "≤"
        return f"{sign} {self.limit:g}" + ("" if self.stretch is None else f" / {self.stretch:g}")

    def _within(self, value: float, limit: float) -> bool:
        return value >= limit if self.is_floor else value <= limit


def at_least(limit: float, stretch: float | None = None) -> Bound:
    return Bound(limit, stretch, is_floor=True)


def at_most(limit: float, stretch: float | None = None) -> Bound:
    return Bound(limit, stretch, is_floor=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        row: For example `P1`.
        what: What was measured.
        estimate: The figure.
        unit: Its unit; `x` for ratios.
        bound: What it has to reach; None: it has no bound.
        errors: Calls that were not answered as they should; any makes the figure fail.
        curves: Points for a picture, by the name of their line.
        notes: What else the program saw, by name: the two sides of a ratio, lateness of the driver.
    """

    row: str
    what: str
    estimate: Estimate
    unit: str
    bound: Bound | None = None
    errors: int = 0
    curves: Curves = field(default_factory=dict)
    notes: Mapping[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        if self.errors:
            return Verdict.FAILED
        if self.bound is None:
            return Verdict.NONE
        if not self.bound.holds(self.estimate.value):
            return Verdict.MISS
        return Verdict.STRETCH if self.bound.is_stretched(self.estimate.value) else Verdict.PASS

    @property
    def is_settled(self) -> bool:
        """Whether the whole interval lies on one side of the bound."""
        if self.bound is None:
            return True
        return self.bound.holds(self.estimate.low) == self.bound.holds(self.estimate.high)
