"""What a mail provider has answered to one mail, and what follows from it.

`reason` is in our words and `code` the provider's own, for example `MessageRejected` or `550`, empty without
one: a provider's texts may contain addresses and are not kept.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider is responsible for the mail now; `message_id` is its own, empty where it has none."""

    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never take this mail."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class RefusedForNow:
    """The provider does not take this mail, as for this recipient, and may take it later."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """We may not send by this provider: not approved, not verified, suspended, wrong credentials."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The provider takes no more mails today."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TooFast:
    """The provider takes mails more slowly."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider has certainly not taken the mail, and may take it later."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The mail was handed over and no answer came: the provider may have taken it."""

    reason: str
    code: str = ""


Answer = Accepted | Refused | RefusedForNow | NotAllowed | QuotaUsedUp | TooFast | Unavailable | AnswerLost


class AnswerKind(Enum):
    """An answer as it is stored; the values are the short names of the contract."""

    UNSPECIFIED = "UNSPECIFIED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    REFUSED_FOR_NOW = "REFUSED_FOR_NOW"
    NOT_ALLOWED = "NOT_ALLOWED"
    QUOTA_USED_UP = "QUOTA_USED_UP"
    TOO_FAST = "TOO_FAST"
    UNAVAILABLE = "UNAVAILABLE"
    LOST = "LOST"


KINDS: dict[type[Answer], AnswerKind] = {
    Accepted: AnswerKind.ACCEPTED,
    Refused: AnswerKind.REFUSED,
    RefusedForNow: AnswerKind.REFUSED_FOR_NOW,
    NotAllowed: AnswerKind.NOT_ALLOWED,
    QuotaUsedUp: AnswerKind.QUOTA_USED_UP,
    TooFast: AnswerKind.TOO_FAST,
    Unavailable: AnswerKind.UNAVAILABLE,
    AnswerLost: AnswerKind.LOST,
}
