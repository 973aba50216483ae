"""What happens to accounts (`user_events.proto`): ids only, never an address."""

from dataclasses import dataclass
from enum import Enum


class MailPurpose(Enum):
    """What a mail is for; the values are the short names of the contract."""

    ORDER = "ORDER"
    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    CONFIRM_DEVICE = "CONFIRM_DEVICE"
    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    NEW_DEVICE = "NEW_DEVICE"
    RIGHTS_CHANGED = "RIGHTS_CHANGED"
    ERASED = "ERASED"


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """An account was made and waits for its verification."""

    user_id: str


@dataclass(frozen=True, slots=True)
class MailRequested:
    """A mail is due."""

    user_id: str
    purpose: MailPurpose
    request_id: str


@dataclass(frozen=True, slots=True)
class EmailVerified:
    """The mailed link was used."""

    user_id: str


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The password was set anew."""

    user_id: str


@dataclass(frozen=True, slots=True)
class UserErased:
    """The account was erased."""

    user_id: str


Event = UserRegistered | MailRequested | EmailVerified | PasswordChanged | UserErased
