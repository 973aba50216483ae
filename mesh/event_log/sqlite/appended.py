"""Notification of records that were appended to topics of the embedded event log."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from mesh.concurrency.change_notifier import ChangeNotifier

_LAST = "(SELECT max(offset) FROM records WHERE topic = ?)"


class Appended(ChangeNotifier):
    """Notifies of appended records only: groups commit their positions and renew leases in the same file."""

    def __init__(self, changes: ChangeNotifier, path: Path, topics: Sequence[str]) -> None:
        """Bind topics.

        Args:
            changes: Notifies of every commit to the file.
            path: The file.
            topics: Whose records.
        """
        super().__init__()
        self._changes = changes
        self._path = path
        self._topics = tuple(topics)
        self._question = f"SELECT {', '.join(_LAST for _ in self._topics)}"

    async def run(self) -> None:
        """Look after every commit; never returns."""
        # On the loop's own thread: a few steps in an index cost less than a hop to another.
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as connection:
            last = None
            while True:
                seen = self._changes.count
                current = self._ends(connection)
                if current is None or current != last:
                    last = current
                    self.notify()
                await self._changes.wait_for_change(seen)

    def _ends(self, connection: sqlite3.Connection) -> tuple[int | None, ...] | None:
        """The last offset of each topic; None while the file is locked."""
        try:
            ends: tuple[int | None, ...] = connection.execute(self._question, self._topics).fetchone()
        except sqlite3.OperationalError:
            return None
        return ends
