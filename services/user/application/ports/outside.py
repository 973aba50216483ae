"""What accounts need of a processor and of the order service."""

from typing import Protocol


class PasswordHasher(Protocol):
    """Slow, salted hashes, computed beside the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Takes as long for None as for a wrong password."""

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""


class CustomerOrders(Protocol):
    """What the order service knows about a customer."""

    async def close(self, user_id: str) -> None:
        """Close the customer for new orders; idempotent.

        Raises:
            OpenOrders: An order is on its way.
            OrdersUnavailable: The order service does not answer.
        """
