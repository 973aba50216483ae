"""Values as bytes."""

from typing import Protocol, TypeVar

T = TypeVar("T")


class Codec(Protocol[T]):
    """Writes and reads the values of one kind."""

    def encode(self, value: T) -> bytes:
        """A value as bytes, at least one."""
        ...

    def decode(self, body: bytes) -> T:
        """The value that was encoded.

        Raises:
            ValueError: These bytes are of another format.
        """
        ...
