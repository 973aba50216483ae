"""What was published, signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Head:
    """This version of an order was published with this hash."""

    order_id: str
    version: int
    hash: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What the relay signed: this version had this hash when it was published.

    Attributes:
        genuine: Whether the signature is ours.
    """

    version: int
    hash: str
    genuine: bool


class HeadLog(Protocol):
    """An append-only record outside the store of what was published."""

    async def append(self, heads: Sequence[Head]) -> None:
        """Sign heads and store them durably, all at once.

        Raises:
            OSError: They are not all stored.
        """
        ...

    async def of_order(self, order_id: str) -> Sequence[SignedHead]:
        """All heads of an order, in the order in which they were written."""
        ...

    async def orders(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[SignedHead]]:
        """The next orders behind an order id, by order id, each with all its heads; none only at the end."""
        ...
