"""An open transaction: statements are run in it, one by one."""

import asyncio
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Executable, Result
from sqlalchemy.engine import ScalarResult
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from interceptors.cost_trailers import count_query
from mesh.sql import mariadb, mariadb_driver
from mesh.sql.prepared import Compiled, Given, Prepared, Rows
from mesh.sql.sqlite_connections import driver_of
from mesh.sql.sqlite_driver import SqliteConnection

Statement = Executable | Prepared
AnyResult = Result[*tuple[Any, ...]]
T = TypeVar("T")

_MOST_ROWS = 100
_TURN_SECONDS = 0.005


class Session(ABC):
    """A transaction of a database, committed or rolled back by the code that opened it.

    Attributes:
        dialect: Of the database.
        is_sole_writer: Whether nobody else writes until its end.
        position: How far the commit got, where that is tracked and known; see `position_of`.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.is_sole_writer = False
        self.position: str | None = None
        self._after_commit: list[Callable[[], None]] = []

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call something right after the commit, and also when it is not known whether it has happened."""
        self._after_commit.append(call)

    @abstractmethod
    async def execute(self, statement: Statement, parameters: Given = None) -> AnyResult:
        """Run a statement, once for each row of parameters.

        Raises:
            DBAPIError: It failed, or the database is away.
        """

    @abstractmethod
    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement, as the driver has them.

        Args:
            statement: What is asked.
            parameters: In the order in which the statement has them.
        """

    async def scalar(self, statement: Statement, parameters: Given = None) -> Any:
        """The first value of the first row; None where there is none."""
        return (await self.execute(statement, parameters)).scalar()

    async def scalars(self, statement: Statement, parameters: Given = None) -> ScalarResult[Any]:
        """The first value of each row."""
        return (await self.execute(statement, parameters)).scalars()

    def _call_after_commit(self) -> None:
        for call in self._after_commit:
            call()


class SqliteSession(Session):
    """A transaction of SQLite; it begins with its first statement."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        super().__init__(connection.dialect)
        self._connection = connection
        self._driver = driver_of(connection)
        self._writes = self.is_sole_writer = writes
        self._turn_end = inf

    async def execute(self, statement: Statement, parameters: Given = None) -> AnyResult:
        with _errors():
            await self._take_turn()
            if isinstance(statement, Prepared):
                count_query()
                compiled = statement.compiled(self.dialect)
                return await self._run(
                    partial(_run, self._driver, compiled, parameters), compiled, parameters
                )
            run = partial(self._connection.execute, statement, parameters)
            return await self._run(run, statement, parameters)

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        def run() -> Sequence[Sequence[Any]]:
            return self._driver.execute(text, parameters).fetchall()

        text = statement.compiled(self.dialect).text
        count_query()
        with _errors():
            await self._take_turn()
            return await self._driver.read(run)

    async def commit(self) -> None:
        """Commit what was begun."""
        if not self._driver.in_transaction:
            return
        with _errors():
            await self._driver.on_thread(self._driver.commit)
        self._call_after_commit()
        if self._connection.in_transaction():
            self._connection.commit()

    async def _run(self, run: Callable[[], T], statement: Executable | Compiled, parameters: Given) -> T:
        if statement.is_select or not self._writes:
            return await self._driver.read(run)
        if isinstance(parameters, Sequence) and len(parameters) > _MOST_ROWS:
            return await self._driver.on_thread(run)
        return run()

    async def _take_turn(self) -> None:
        """Begin where nothing is begun yet; let others in where this has taken long."""
        if not self._driver.in_transaction:
            if self._writes:
                await self._driver.begin_writing()
            else:
                self._driver.execute("BEGIN")
        elif time.monotonic() > self._turn_end:
            await asyncio.sleep(0)
        else:
            return
        self._turn_end = time.monotonic() + _TURN_SECONDS


class MariadbSession(Session):
    """A transaction of MariaDB; it begins with its first statement.

    Prepared statements, and its end, go to the driver itself, past SQLAlchemy.
    """

    def __init__(self, connection: AsyncConnection, *, isolation: str = "") -> None:
        """Bind a session.

        Args:
            connection: No transaction is open on it.
            isolation: Sets another isolation level than the connection's.
        """
        super().__init__(connection.dialect)
        self._connection = connection
        self._isolation = isolation
        self._is_begun = False

    async def execute(self, statement: Statement, parameters: Given = None) -> AnyResult:
        await self._begin()
        if not isinstance(statement, Prepared):
            return await self._connection.execute(statement, parameters)
        compiled = statement.compiled(self.dialect)
        if compiled.returns_rows and isinstance(parameters, list):
            return await self._connection.execute(statement.statement, parameters)
        rows, rowcount = await mariadb_driver.run(
            self._connection, compiled.text, compiled.values(parameters)
        )
        return compiled.rows(rows, rowcount)

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        await self._begin()
        text = statement.compiled(self.dialect).text
        rows, _ = await mariadb_driver.run(self._connection, text, tuple(parameters))
        return rows

    async def commit(self) -> None:
        """Commit what was begun."""
        if not self._is_begun:
            return
        try:
            await self._end("COMMIT", self._connection.commit)
        finally:
            self._call_after_commit()

    async def roll_back(self) -> None:
        """Undo what was begun and is not committed."""
        if not self._is_begun or self._connection.invalidated:
            return
        try:
            await self._end("ROLLBACK", self._connection.rollback)
        except DBAPIError as error:
            # It ends with its connection.
            await self._connection.invalidate(error)

    async def note_position(self) -> None:
        """Ask how far the commit got."""
        ((position,),), _ = await mariadb_driver.command(self._connection, mariadb.LAST_POSITION)
        self.position = position or None

    async def _begin(self) -> None:
        if not self._is_begun and self._isolation:
            await mariadb_driver.command(self._connection, self._isolation)
        self._is_begun = True

    async def _end(self, command: str, of_sqlalchemy: Callable[[], Awaitable[None]]) -> None:
        # Where SQLAlchemy has run a statement it has to know.
        if self._connection.in_transaction():
            await of_sqlalchemy()
        else:
            await mariadb_driver.command(self._connection, command)
        self._is_begun = False


class OneStatement(Session):
    """Lets one statement through to another session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.dialect)
        self._session = session
        self._is_used = False

    async def execute(self, statement: Statement, parameters: Given = None) -> AnyResult:
        self._use()
        return await self._session.execute(statement, parameters)

    async def fetch(self, statement: Prepared, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        self._use()
        return await self._session.fetch(statement, parameters)

    def _use(self) -> None:
        if self._is_used:
            raise RuntimeError("a second statement needs one snapshot with the first: read()")
        self._is_used = True


@contextmanager
def _errors() -> Iterator[None]:
    """What the driver raises, as SQLAlchemy does."""
    try:
        yield
    except sqlite3.Error as error:
        raise DBAPIError.instance(None, None, error, sqlite3.Error) from error


def _run(driver: SqliteConnection, compiled: Compiled, parameters: Given) -> Rows:
    values = compiled.values(parameters)
    if isinstance(values, list):
        if not compiled.returns_rows:
            return compiled.rows((), driver.executemany(compiled.text, values).rowcount)
        rows = [row for each in values for row in driver.execute(compiled.text, each).fetchall()]
        return compiled.rows(rows, len(rows))
    cursor = driver.execute(compiled.text, values)
    return compiled.rows(cursor.fetchall(), cursor.rowcount)
