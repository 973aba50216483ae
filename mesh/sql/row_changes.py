"""Notification of commits that concern certain rows: who waits for those is not woken by others."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.sql.changes import Changes, IsNews, Row, Waited
from mesh.sql.engine import changes_of
from mesh.sql.mariadb_changes import MariadbChanges


def is_another(row: Row | None, before: Row | None) -> bool:
    """For questions whose answer grows, as the last number given."""
    return row != before


def is_there(row: Row | None, _before: Row | None) -> bool:
    """For questions after work to be done: its waiter looks until there is none."""
    return row is not None


class RowChanges(ChangeNotifier):
    """Asks a question of a SQLite file after every commit to it, and notifies of news only."""

    def __init__(
        self,
        changes: Changes,
        path: Path,
        question: str,
        parameters: Sequence[Any] = (),
        *,
        is_news: IsNews,
    ) -> None:
        """Bind a question.

        Args:
            changes: Notifies of every commit.
            path: The file.
            question: A statement that an index answers: it is run on the event loop's own thread.
            parameters: Of the statement.
            is_news: Judges the first row of an answer.
        """
        super().__init__()
        self._changes = changes
        self._path = path
        self._question = question
        self._parameters = tuple(parameters)
        self._is_news = is_news

    async def run(self) -> None:
        """Watch the file; never returns."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._changes.run())
            tasks.create_task(self._ask())

    async def _ask(self) -> None:
        # On the loop's own thread: a few steps in an index cost less than a hop to another.
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=0)) as connection:
            before: Row | None = None
            while True:
                seen = self._changes.count
                try:
                    row = connection.execute(self._question, self._parameters).fetchone()
                except sqlite3.OperationalError:
                    # Locked for a moment, while another process recovers the log.
                    self.notify()
                else:
                    if self._is_news(row, before):
                        self.notify()
                    before = row
                await self._changes.wait_for_change(seen)


def growth_of(engine: AsyncEngine, question: str) -> Waited:
    """Notifies when the answer to a question is another one.

    Args:
        engine: The database.
        question: Asks for what only grows, in one column; an index answers it.
    """
    return _asked(engine, question, is_news=is_another)


def work_in(engine: AsyncEngine, question: str) -> Waited:
    """Notifies after commits while there is work to be done.

    Args:
        engine: The database.
        question: Finds a row, of one column, while there is work; an index answers it.
    """
    return _asked(engine, question, is_news=is_there)


def _asked(engine: AsyncEngine, question: str, *, is_news: IsNews) -> Waited:
    changes = changes_of(engine)
    if isinstance(changes, MariadbChanges):
        return changes.of_rows(question, is_news=is_news)
    return RowChanges(changes, Path(engine.url.database or ""), question, is_news=is_news)
