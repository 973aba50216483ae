"""An address that no account has any more, kept for one last mail."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptContact:
    """Where a last mail goes, and in which language.

    Attributes:
        contact_id: Stands in the request for the mail where an account's id does in others.
    """

    contact_id: str
    email: str
    locale: str
    expire_time: datetime
