"""Notification of commits to a MariaDB server."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mesh.concurrency.cancellation import redeliver_cancellation
from mesh.concurrency.change_notifier import ChangeNotifier
from mesh.sql import mariadb_driver
from mesh.sql.changes import Changes, IsNews, Row, Waited

LOOK_SECONDS = 0.5
"""How often the server is asked though nobody commits; after a commit soon, and then ever more slowly."""

_FIRST_LOOK_SECONDS = 0.02
_SLOWER = 1.5
_TOGETHER_SECONDS = 0.005
_NO_LOG_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_POSITION = "@@gtid_binlog_pos"


class MariadbChanges(Changes):
    """The changes of a server: its binary log grows with every commit, and its position is no table's.

    One statement asks for the position and for all that is waited for. A server without a binary log is
    asked once a second.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self._engine = engine
        self._asked: list[_Asked] = []
        self._own = asyncio.Event()

    def of_rows(self, question: str, *, is_news: IsNews) -> Waited:
        """What notifies of news only: the first row of a question's answer, which has one column."""
        asked = _Asked(self, question, is_news)
        self._asked.append(asked)
        return asked

    def notify(self) -> None:
        """Wake the waiters for any commit at once, and soon those for whom there are news."""
        super().notify()
        self._own.set()

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except DBAPIError:
                # Away: those who wait should find that out themselves.
                super().notify()
                for each in self._asked:
                    each.notify()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _look(self) -> None:
        async with self._engine.connect() as connection:
            automatic = await connection.execution_options(isolation_level="AUTOCOMMIT")
            last, pause_seconds = None, LOOK_SECONDS
            while True:
                self._own.clear()
                position, *answers = await _asked(automatic, [each.question for each in self._asked])
                if position != last or not position:
                    super().notify()
                    for each, answer in zip(self._asked, answers, strict=False):
                        each.look(None if answer is None else (answer,))
                    pause_seconds = _FIRST_LOOK_SECONDS
                last = position
                await self._pause(pause_seconds if position else _NO_LOG_SECONDS)
                pause_seconds = min(_SLOWER * pause_seconds, LOOK_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._own.wait()
            # What is committed together is looked at together.
            await asyncio.sleep(_TOGETHER_SECONDS)


class _Asked(ChangeNotifier):
    """Who waits for the answer to a question."""

    def __init__(self, changes: MariadbChanges, question: str, is_news: IsNews) -> None:
        super().__init__()
        self._changes = changes
        self.question = question
        self._is_news = is_news
        # No answer yet: also that there is none is another one.
        self._before: Row | None = ()

    async def run(self) -> None:
        """Watch the server; never returns."""
        await self._changes.run()

    def look(self, answer: Row | None) -> None:
        """Notify if an answer is news."""
        if self._is_news(answer, self._before):
            self.notify()
        self._before = answer


async def _asked(connection: AsyncConnection, questions: Sequence[str]) -> Sequence[Any]:
    """The position, and the answers."""
    async with redeliver_cancellation():
        asked = ", ".join((_POSITION, *(f"({question})" for question in questions)))
        (row,), _ = await mariadb_driver.run(connection, f"SELECT {asked}", ())
        return row
