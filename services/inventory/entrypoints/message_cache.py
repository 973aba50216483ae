"""Messages that are made once for each value: to copy one costs a tenth of making it."""

from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import Message

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_MOST = 50_000


class MessageCache(Generic[T, M]):
    """Caches, by key, the message of the value that was last asked for."""

    def __init__(self, *, key: Callable[[T], str], make: Callable[[T], M]) -> None:
        """Start empty.

        Args:
            key: Names a value; another value may come under the same name.
            make: Makes the message of a value.
        """
        self._key = key
        self._make = make
        self._made: dict[str, tuple[T, M]] = {}

    def get(self, value: T) -> M:
        """The message of a value; callers do not change it."""
        key = self._key(value)
        made = self._made.get(key)
        # Mostly it is the same object, and comparing all fields costs more than the rest.
        if made is not None and made[0] is value:
            return made[1]
        message = made[1] if made is not None and made[0] == value else self._make(value)
        if len(self._made) >= _MOST:
            self._made.clear()
        self._made[key] = value, message
        return message
