"""What tasks that wait for a commit need to know of it."""

from typing import Protocol


class Changes(Protocol):
    """Wakes tasks that wait for a commit of any process."""

    @property
    def count(self) -> int:
        """How many changes were seen; read it before reading the store."""
        ...

    async def wait_for_change(self, seen: int) -> int:
        """Wait until there were more changes than `seen`; returns the count then."""
        ...
