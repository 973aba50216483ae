"""Identifiers as a parameter."""

import secrets
import time
from collections.abc import Callable
from uuid import UUID

NewId = Callable[[], str]
"""Returns an id that nothing else has."""

_VERSION_7 = 0x7 << 76
_VARIANT_RFC = 0b10 << 62


def uuid7() -> str:
    """A UUIDv7: sorts by the millisecond in which it was made (RFC 9562 §5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random_a, random_b = divmod(secrets.randbits(74), 1 << 62)
    return str(UUID(int=milliseconds << 80 | _VERSION_7 | random_a << 64 | _VARIANT_RFC | random_b))
