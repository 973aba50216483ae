"""MariaDB as `mesh.backends` runs it."""

from collections.abc import Sequence
from contextlib import closing
from stat import S_IMODE
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest
from pymysql.err import OperationalError

from mesh.backends.mariadb import MariadbBackend
from mesh.backends.running import Server, serving
from tests.support.real_servers import OwnPlace


def ask(server: Server, *statements: str, login: tuple[str, str] | None = None) -> Sequence[tuple[Any, ...]]:
    """The last statement's rows."""
    url = urlsplit(server.url)
    user, password = login or (str(url.username), str(url.password))
    with closing(
        pymysql.connect(host=url.hostname, port=url.port or 0, user=user, password=password, autocommit=True)
    ) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return tuple(cursor.fetchall())


async def test_what_was_written_outlives_a_restart(own_place: OwnPlace) -> None:
    place = own_place(MariadbBackend())
    async with serving(MariadbBackend(), place) as first:
        ask(first, "CREATE DATABASE shopmesh_kept", "CREATE TABLE shopmesh_kept.mugs (sku VARCHAR(9))")
        ask(first, "INSERT INTO shopmesh_kept.mugs VALUES ('MUG-RED')")

    async with serving(MariadbBackend(), place) as second:
        assert ask(second, "SELECT sku FROM shopmesh_kept.mugs") == (("MUG-RED",),)


def test_nobody_comes_in_without_the_password(mariadb: Server) -> None:
    for user in ("root", "mysql", "shopmesh", ""):
        with pytest.raises(OperationalError, match="Access denied"):
            ask(mariadb, "SELECT 1", login=(user, ""))


def test_secrets_are_readable_by_the_owner_only(mariadb: Server) -> None:
    secrets = [
        path for path in mariadb.place.folder.iterdir() if path.suffix == ".sql" or path.name == "password"
    ]

    assert len(secrets) == 2
    assert {S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert S_IMODE((mariadb.place.folder / "data").stat().st_mode) == 0o700


def test_the_services_see_their_own_databases_only(mariadb: Server) -> None:
    with pytest.raises(OperationalError, match=r"denied|Access"):
        ask(mariadb, "CREATE DATABASE accounting")


def test_a_replica_follows_and_refuses_to_be_written(mariadb: Server, mariadb_replica: Server) -> None:
    written = ask(
        mariadb,
        "CREATE DATABASE IF NOT EXISTS shopmesh_followed",
        "CREATE OR REPLACE TABLE shopmesh_followed.mugs (sku VARCHAR(9))",
        "INSERT INTO shopmesh_followed.mugs VALUES ('MUG-RED')",
        "SELECT @@last_gtid",
    )

    assert ask(mariadb_replica, f"SELECT MASTER_GTID_WAIT('{written[0][0]}', 100)") == ((0,),)
    assert ask(mariadb_replica, "SELECT sku FROM shopmesh_followed.mugs") == (("MUG-RED",),)
    with pytest.raises(OperationalError, match="read-only"):
        ask(mariadb_replica, "INSERT INTO shopmesh_followed.mugs VALUES ('MUG-BLUE')")
    assert ask(mariadb, "SELECT @@server_id") != ask(mariadb_replica, "SELECT @@server_id")
