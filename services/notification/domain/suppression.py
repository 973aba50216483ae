"""Addresses that get no mails, kept as keyed hashes: they cannot be read from the database."""

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from hashlib import sha256


class SuppressionCause(Enum):
    """Why an address gets no mails; the values are the contract's short names."""

    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"


REASONS = {
    SuppressionCause.BOUNCE: "a mail to this address bounced",
    SuppressionCause.COMPLAINT: "the owner of this address called a mail spam",
}


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that gets no mails.

    Attributes:
        address_hash: The hash of the address, by `AddressHasher`.
        cause: Why.
        create_time: Since when.
        notification_id: The mail that caused it; empty when unknown.
    """

    address_hash: str
    cause: SuppressionCause
    create_time: datetime
    notification_id: str = ""


@dataclass(frozen=True, slots=True)
class AddressHasher:
    """Hashes addresses with a key that the database does not have."""

    key: bytes = field(repr=False)

    def hash(self, address: str) -> str:
        """The hash of an address; upper and lower case are the same."""
        return hmac.new(self.key, _canonical(address).encode(), sha256).hexdigest()


def _canonical(address: str) -> str:
    """With a small-letter mailbox, and the domain as DNS knows it (RFC 5890)."""
    mailbox, _, domain = address.strip().rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{mailbox.casefold()}@{domain.lower()}"
