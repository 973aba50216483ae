"""What accounts need beside their stores: a processor, the rules of mail, metrics, the order service."""

from typing import Protocol

from services.user.domain.guessing import GuessCounter


class PasswordHasher(Protocol):
    """Slow, salted hashes, computed beside the event loop."""

    async def hash(self, password: str, *, turn: str) -> str:
        """Compute a hash when it is its turn.

        Args:
            password: In its normal form.
            turn: For whom; those who wait take turns.

        Raises:
            TooBusy: Too many wait already.
        """

    async def matches(self, password: str, password_hash: str, *, turn: str) -> bool:
        """Whether a hash is that of a password; takes as long where it is empty as where it is another's.

        Raises:
            TooBusy: Too many wait already.
        """

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""


class MailAddresses(Protocol):
    """The rules of mail addresses; they ask nobody."""

    def normal(self, email: str) -> str:
        """The one form of an address: in lower case, its domain as an A-label (RFC 5890 §2.3.2.1).

        Raises:
            InvalidEmail: It can never get a mail; says why.
        """


class SecurityMetrics(Protocol):
    """What operators see of guessing."""

    def wrong_password(self) -> None: ...

    def refused(self, counter: GuessCounter, network: str) -> None:
        """An attempt was refused unseen."""


class CustomerOrders(Protocol):
    """What the order service knows about a customer."""

    async def close(self, user_id: str) -> None:
        """Close the customer for new orders; idempotent.

        Raises:
            OpenOrders: An order is on its way.
            OrdersUnavailable: The order service does not answer.
        """
