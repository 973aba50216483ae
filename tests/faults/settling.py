"""Waits until a mesh is at rest, and says what is wrong then."""

import time
from collections.abc import Callable

from tests.faults.checker import Violations, report, violations
from tests.faults.history import Told
from tests.faults.stores import Stores

_PAUSE_SECONDS = 1.0
REST_SECONDS = 40.0
"""Longer than the longest pause before a mail, or anything else, is tried again."""


def settled(
    stores: Stores, told: Callable[[], Told], *, seconds: float, rest_seconds: float = REST_SECONDS
) -> Violations:
    """The violations at rest: as soon as there are none, or when they have not changed for a while.

    Args:
        stores: Of a mesh on which nothing is placed any more.
        told: What callers were told.
        seconds: When to stop waiting.
        rest_seconds: How long violations have to stay the same.
    """
    end = time.monotonic() + seconds
    found, since = violations(stores, told()), time.monotonic()
    while any(found.values()) and time.monotonic() < min(end, since + rest_seconds):
        time.sleep(_PAUSE_SECONDS)
        now = violations(stores, told())
        if now != found:
            found, since = now, time.monotonic()
    return found


def require_none(found: Violations) -> None:
    """Fail with everything that is wrong."""
    assert not any(found.values()), f"violated:\n{report(found)}"
