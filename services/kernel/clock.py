"""Time as a parameter."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the time now, aware and in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
