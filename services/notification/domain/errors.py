"""The rules that callers can break."""

from collections.abc import Sequence
from typing import ClassVar

from services.kernel.errors import DomainError


class NothingToChange(DomainError):
    """An update names no field."""

    reason: ClassVar[str] = "UPDATE_MASK_EMPTY"

    def __init__(self, allowed: Sequence[str]) -> None:
        message = f"updateMask has to name what to change: {', '.join(allowed)}"
        super().__init__(message, fields=[("updateMask", message)])


class UnknownPreference(DomainError):
    """An update names a field that cannot be changed."""

    reason: ClassVar[str] = "UNKNOWN_PREFERENCE"

    def __init__(self, name: str, allowed: Sequence[str]) -> None:
        message = f"updateMask names {name[:50]!r}; it can name {', '.join(allowed)}"
        super().__init__(message, fields=[("updateMask", message)])
