"""How long a caller still waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

ANSWER_SECONDS = 0.5
"""What is kept of every deadline for storing the outcome and answering."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def within(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Self:
        return cls(monotonic() + seconds, monotonic)

    def for_calls(self, most_seconds: float = float("inf")) -> float:
        """What a call to another service may take; 0 when there is nothing left for one."""
        return max(0.0, min(most_seconds, self.at - self.monotonic() - ANSWER_SECONDS))
