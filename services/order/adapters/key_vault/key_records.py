"""What a key vault keeps, whatever keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A customer's data key.

    Attributes:
        wrapped_key: Encrypted by a key-encryption key; None is the tombstone of an erased customer.
    """

    wrapped_key: bytes | None


class KeyRecords(Protocol):
    """Wrapped data keys and marks. What is read was stored for good. All may raise `StoreUnavailable`."""

    async def find(self, customer_id: str) -> KeyRecord | None:
        """The customer's record; None before there was one."""
        ...

    async def find_with_mark(self, customer_id: str) -> tuple[KeyRecord | None, bool]:
        """The same, and whether any mark closes the customer."""
        ...

    async def insert(self, customer_id: str, wrapped_key: bytes, time: datetime) -> KeyRecord:
        """Store a key unless there is a record; returns the record that counts, read back."""
        ...

    async def erase(self, customer_id: str, time: datetime) -> None:
        """Leave a tombstone and no mark."""
        ...

    async def mark(self, customer_id: str, mark: str, time: datetime) -> None:
        """Add a mark; repeating it changes nothing."""
        ...

    async def unmark(self, customer_id: str, mark: str) -> None: ...

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        """Marks (customer id, mark) from before a time."""
        ...

    async def wrapped_keys(self, *, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """The next (customer id, wrapped key) behind a customer id, by customer id."""
        ...

    async def rewrap(self, customer_id: str, old: bytes, new: bytes) -> None:
        """Put a wrapped key in place of another, if that is still there."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the records can be read."""
        ...
