"""Who else takes part in a step."""

from collections.abc import Callable
from contextlib import AbstractContextManager

Failpoint = Callable[[str], None]
"""Told the name of a step right after it was made, so that tests can crash there."""

ContinueTrace = Callable[[str], AbstractContextManager[object]]
"""Makes a `traceparent` the current trace while the context is entered."""
