"""MariaDB for tests: a primary and a replica for the whole run, and databases of a test's own."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import make_url

from mesh.backends.mariadb import MariadbBackend, MariadbReplicaBackend
from mesh.backends.running import Server
from mesh.sql import sqlite_url
from tests.support.shared_servers import SHARED

DIALECTS = ("sqlite", "mariadb")


@pytest.fixture(scope="session")
def mariadb(pytestconfig: pytest.Config) -> Server:
    """The primary; put `fresh_prefix` behind its URL."""
    return pytestconfig.stash[SHARED].server(MariadbBackend())


@pytest.fixture(scope="session")
def mariadb_replica(mariadb: Server, pytestconfig: pytest.Config) -> Server:
    """A replica of the primary; leave it following."""
    return pytestconfig.stash[SHARED].server(MariadbReplicaBackend(primary=mariadb.place))


def fresh_prefix() -> str:
    """What the names of a test's databases begin with, as the path of `SHOPMESH_MYSQL_URL`."""
    return f"shopmesh_{uuid.uuid4().hex[:12]}"


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is not there yet, of each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "database.db")
        return
    server: Server = request.getfixturevalue("mariadb")
    with fresh_database(server) as url:
        yield url


@pytest.fixture(params=DIALECTS)
def mysql_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """`SHOPMESH_MYSQL_URL` of a mesh with databases of its own; None: the embedded ones."""
    if request.param == "sqlite":
        yield None
        return
    server: Server = request.getfixturevalue("mariadb")
    prefix = fresh_prefix()
    yield f"{server.url}/{prefix}"
    for (name,) in execute(server, f"SHOW DATABASES LIKE '{prefix}%'"):
        execute(server, f"DROP DATABASE {name}")


@contextmanager
def fresh_database(server: Server) -> Iterator[str]:
    """The URL of a database that is not there yet, and is not any more at the end."""
    name = f"{fresh_prefix()}_test"
    url = make_url(server.url).set(drivername="mysql+asyncmy", database=name)
    yield url.render_as_string(hide_password=False)
    execute(server, f"DROP DATABASE IF EXISTS {name}")


def execute(server: Server, *statements: str) -> Sequence[tuple[Any, ...]]:
    """Execute statements, as an administrator does, and answer the last one's rows."""
    url = make_url(server.url)
    with closing(
        pymysql.connect(
            host=url.host, port=url.port or 0, user=url.username, password=str(url.password), autocommit=True
        )
    ) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return tuple(cursor.fetchall())
