"""Where the keys of personal data are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SealedField:
    """Which value a ciphertext is: it opens nowhere else."""

    order_id: str
    event_id: str
    event_type: str
    version: int
    path: str


class CustomerIsClosed(Exception):
    """The customer is marked closed, or erased: nothing new may be stored for them."""


class KeyVault(Protocol):
    """The data keys of the customers, apart from the events. All methods may raise `StoreUnavailable`."""

    async def require_open(self, customer_id: str) -> None:
        """Make sure that there is a key, and that the customer may place orders; never from a cache.

        Raises:
            CustomerIsClosed: They may not.
        """
        ...

    async def seal(self, customer_id: str, field: SealedField, text: str) -> str:
        """Encrypt a value under the customer's key, which exists.

        Raises:
            CustomerIsClosed: The customer was erased.
        """
        ...

    async def unseal(self, customer_id: str, field: SealedField, sealed: str) -> str | None:
        """Decrypt a value; None once the customer was erased.

        Raises:
            ValueError: The ciphertext is not of this field or was changed.
        """
        ...

    async def digest(self, customer_id: str, content: bytes) -> str:
        """HMAC-SHA-256 of a content under the customer's key, hex.

        Raises:
            CustomerIsClosed: The customer was erased, or never had a key.
        """
        ...

    async def close(self, customer_id: str, mark: str) -> None:
        """Refuse new orders from now on. Marks are independent: one suffices."""
        ...

    async def reopen(self, customer_id: str, mark: str) -> None:
        """Remove one's own mark."""
        ...

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        """Marks (customer id, mark) from before a time whose customer was not erased."""
        ...

    async def erase(self, customer_id: str) -> None:
        """Overwrite the key for good; no key is ever made for that customer again."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the vault answers."""
        ...
