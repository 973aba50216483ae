"""The rules that callers can break."""

from collections.abc import Sequence
from typing import ClassVar

from services.kernel.errors import DomainError
from services.kernel.names import json_name


class NothingToChange(DomainError):
    """An update names no field."""

    reason: ClassVar[str] = "UPDATE_MASK_EMPTY"

    def __init__(self, allowed: Sequence[str]) -> None:
        message = f"updateMask has to name what to change: {_listed(allowed)}"
        super().__init__(message, fields=[("updateMask", message)])


class UnknownPreference(DomainError):
    """An update names a field that cannot be changed."""

    reason: ClassVar[str] = "UNKNOWN_PREFERENCE"

    def __init__(self, name: str, allowed: Sequence[str]) -> None:
        message = f"updateMask names {json_name(name)[:50]!r}; it can name {_listed(allowed)}"
        super().__init__(message, fields=[("updateMask", message)])


class StoreUnavailable(DomainError):
    """The database cannot be used now."""

    reason: ClassVar[str] = "STORE_UNAVAILABLE"


class NoMailProvider(DomainError):
    """Mails go to the folder: there is nobody to send them."""

    reason: ClassVar[str] = "NO_MAIL_PROVIDER"

    def __init__(self) -> None:
        super().__init__("mails go to a folder: set SHOPMESH_MAIL_URL and restart the notification service")


class MailProviderUnavailable(DomainError):
    """A mail provider does not answer, or refuses what it was asked."""

    reason: ClassVar[str] = "MAIL_PROVIDER_UNAVAILABLE"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} does not answer, or does not allow it to these credentials")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(json_name, names))
