"""What takes part in a step: failpoints, traces, and the display of progress."""

from collections.abc import Callable
from contextlib import AbstractContextManager

Failpoint = Callable[[str], None]
"""Gets the name of a step right after it was made, so that tests can crash there."""

ContinueTrace = Callable[[str], AbstractContextManager[object]]
"""Makes a `traceparent` the current trace while the context is entered."""

Progress = Callable[[str, int, int], None]
"""Gets what is being done, how many orders are done, and about how many there are (0: unknown)."""
