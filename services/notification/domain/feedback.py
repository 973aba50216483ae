"""What a provider reports of a mail after it has taken it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from services.notification.domain.suppression import SuppressionCause


class FeedbackKind(Enum):
    """What happened to the mail, in the order in which it does; the values are the contract's short names."""

    UNSPECIFIED = "UNSPECIFIED"
    SENT = "SENT"
    DELAYED = "DELAYED"
    DELIVERED = "DELIVERED"
    BOUNCED = "BOUNCED"
    REJECTED = "REJECTED"
    COMPLAINED = "COMPLAINED"

    def follows(self, other: "FeedbackKind") -> bool:
        """Whether it is news after the other: reports arrive in any order."""
        kinds = list(FeedbackKind)
        return kinds.index(self) >= kinds.index(other)


@dataclass(frozen=True, slots=True)
class Feedback:
    """A report about one mail.

    Attributes:
        kind: What happened.
        notification_id: Our name of the mail; empty where the report does not have it.
        provider_message_id: The provider's name of it.
        provider: Who reports, by its name in the chain.
        time: When it happened.
        detail: The kind of a bounce or complaint, for example `Permanent/General`.
        addresses: Which recipients it is about.
        suppression: Why those get no more mails; None: they do.
    """

    kind: FeedbackKind
    notification_id: str
    provider_message_id: str
    provider: str
    time: datetime
    detail: str = ""
    addresses: tuple[str, ...] = ()
    suppression: SuppressionCause | None = None
