"""Leaves a server that has failed alone for a while."""

from collections.abc import Callable


class Breaker:
    """Open for a pause after each failure; then one attempt decides for all."""

    def __init__(self, *, pause_seconds: float, monotonic: Callable[[], float]) -> None:
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._closed = True
        self._next_attempt = float("-inf")

    @property
    def is_closed(self) -> bool:
        """Whether the last attempt has succeeded."""
        return self._closed

    def admits(self) -> bool:
        """Whether to try now; of those who ask after a pause, the first one does."""
        if self._closed:
            return True
        now = self._monotonic()
        if now < self._next_attempt:
            return False
        self._next_attempt = now + self._pause_seconds
        return True

    def failed(self) -> None:
        """The server did not answer."""
        self._closed = False
        self._next_attempt = self._monotonic() + self._pause_seconds

    def succeeded(self) -> None:
        """The server has answered."""
        self._closed = True
