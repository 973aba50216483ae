"""What a mail provider has answered to one mail, and what follows from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider is responsible for the mail now; `message_id` is its own, empty where it has none."""

    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take this mail."""

    reason: str


@dataclass(frozen=True, slots=True)
class RefusedForNow:
    """The provider does not take this mail, as for this recipient, and may take it later."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """We may not send by this provider: not approved, not verified, suspended, wrong credentials."""

    reason: str


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The provider takes no more mails today."""

    reason: str


@dataclass(frozen=True, slots=True)
class TooFast:
    """The provider takes mails more slowly."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider has certainly not taken the mail, and may take it later."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The mail was handed over and no answer came: the provider may have taken it."""

    reason: str


Answer = Accepted | Refused | RefusedForNow | NotAllowed | QuotaUsedUp | TooFast | Unavailable | AnswerLost
