"""What is known about a key."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

ABSENT = -1
"""The version of what does not exist: below that of anything that does."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value as one transaction left it.

    Attributes:
        value: None: there is no such thing.
        version: Grows with every change of the value; it is written by the same transaction.
    """

    value: T | None
    version: int
