"""The statements that databases are asked to run, however they are run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.sql import mariadb_driver
from mesh.sql.sqlite_driver import SqliteConnection

_OF_TRANSACTIONS = ("BEGIN", "PRAGMA")


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """Grows with each statement, of whichever engine; those of transactions do not count."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(_OF_TRANSACTIONS):
            noted.append(statement)

    def execute(self: SqliteConnection, statement: str, *parameters: Any) -> Any:
        note(self, self, statement)
        return super(SqliteConnection, self).execute(statement, *parameters)

    async def run(connection: AsyncConnection, text: str, values: Any) -> Any:
        note(connection, connection, text)
        return await run_by_driver(connection, text, values)

    run_by_driver = mariadb_driver.run
    # SQLAlchemy runs statements on cursors, prepared ones are run by the drivers.
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with patch.object(SqliteConnection, "execute", execute), patch.object(mariadb_driver, "run", run):
            yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", note)
