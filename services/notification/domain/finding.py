"""Something that a provider needs before mails reach customers, and whether it is there."""

from dataclasses import dataclass
from enum import Enum


class CheckState(Enum):
    """How a check ended; the values are the contract's short names."""

    OK = "OK"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        provider: Of which provider.
        subject: What was looked at, for example `production access`.
        state: Whether it is as it has to be.
        found: What there is.
        remedy: What has to be done; empty where nothing has.
        responsible: Who has to do it.
    """

    provider: str
    subject: str
    state: CheckState
    found: str
    remedy: str = ""
    responsible: str = ""
