"""Waits until a mesh is at rest, and says what is wrong then."""

import time
from collections.abc import Callable

from tests.faults.checker import Violations, report, violated, violations
from tests.faults.history import Answered
from tests.faults.stores import Stores

_PAUSE_SECONDS = 1.0
_REST_SECONDS = 75.0
"""Longer than a mail waits for another piece of its parcel, or for its next attempt."""
_EXPECTED_REST_SECONDS = 10.0
"""Shorter: that the same comes right where nothing is broken is shown by the shipped mesh."""


def violations_at_rest(
    stores: Stores,
    answered: Callable[[], Answered],
    *,
    seconds: float,
    expected: frozenset[str] = frozenset(),
) -> Violations:
    """The violations at rest: as soon as there are none, or when they have not changed for a while.

    Args:
        stores: Of a mesh on which nothing is placed any more.
        answered: What callers were answered.
        seconds: When to stop waiting.
        expected: Which invariants a broken mesh violates, for example I10; it may violate others as well.
            Once they are violated the while is shorter.
    """
    end = time.monotonic() + seconds
    found, since = violations(stores, answered()), time.monotonic()
    while time.monotonic() < min(end, since + _rest_seconds(found, expected)):
        time.sleep(_PAUSE_SECONDS)
        now = violations(stores, answered())
        if now != found:
            found, since = now, time.monotonic()
    return found


def require_none(found: Violations) -> None:
    """Fail with everything that is wrong."""
    assert not violated(found), f"violated:\n{report(found)}"


def _rest_seconds(found: Violations, expected: frozenset[str]) -> float:
    """How long nothing has to change."""
    if expected:
        return _EXPECTED_REST_SECONDS if violated(found) >= expected else _REST_SECONDS
    return _REST_SECONDS if violated(found) else 0.0
