"""The rules that callers can break."""

from collections.abc import Sequence
from datetime import timedelta
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


class MailNotFound(DomainError):
    """There is no such mail."""

    reason: ClassVar[str] = "MAIL_NOT_FOUND"

    def __init__(self, notification_id: str) -> None:
        super().__init__(f"there is no mail {notification_id}")


class NotAboutAnOrder(DomainError):
    """Mails about accounts are not sent again by staff."""

    reason: ClassVar[str] = "NOT_ABOUT_AN_ORDER"

    def __init__(self) -> None:
        super().__init__(
            "only mails about orders are sent again: for a link their owners ask at /account/register, "
            "/account/forgot or /account/device"
        )


class TooManyCopies(DomainError):
    """A mail was sent again too often."""

    reason: ClassVar[str] = "TOO_MANY_COPIES"

    def __init__(self, most: int, *, wait: timedelta) -> None:
        super().__init__(
            f"a mail is sent again at most {most} times in 24 hours",
            retry_after_seconds=wait.total_seconds(),
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(json_name, names))
