"""Who can read which events."""

from typing import Protocol


class Readers(Protocol):
    """The services that follow the orders, and the versions of events that they have announced to read."""

    async def all_read(self, event: tuple[str, int]) -> bool:
        """Whether all of them read a type of event in a version; once they do, they always will."""
        ...
