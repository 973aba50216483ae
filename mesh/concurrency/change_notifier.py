"""Wakes tasks that wait for a change."""

import asyncio


class ChangeNotifier:
    """Counts what happens, so that nobody misses what happens while they look elsewhere."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many changes were seen; read it before reading the database, then wait for more."""
        return self._count

    def notify(self) -> None:
        """Wake the waiters at once."""
        self._count += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, seen: int) -> int:
        """Wait until there were more changes than `seen`.

        Returns:
            The count now; pass it next time.
        """
        while self._count <= seen:
            await self._changed.wait()
        return self._count
