"""MariaDB on loopback: a primary, and a replica that follows it by GTID."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import asyncmy
from asyncmy.cursors import DictCursor
from asyncmy.errors import MySQLError

from mesh.backends import mariadb_server
from mesh.backends.backend import Place, Say

_PRIMARY_PORT = 50075
_REPLICA_PORT = 50076
_PROBE_SECONDS = 2.0
_FOLLOW = (
    "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = '{user}', "
    "MASTER_PASSWORD = '{password}', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1, "
    "MASTER_HEARTBEAT_PERIOD = 1"
)


class MariadbBackend:
    """The primary. Its user `shopmesh` may do anything with databases whose names begin with `shopmesh`."""

    name = "mariadb"
    variable = "SHOPMESH_MYSQL_URL"
    base_ports = (_PRIMARY_PORT,)

    def missing(self) -> tuple[str, ...]:
        return mariadb_server.missing()

    async def install(self, say: Say) -> None:
        await mariadb_server.install(say)

    async def prepare(self, place: Place) -> None:
        await mariadb_server.make_ready(place)

    def command(self, place: Place) -> tuple[str, ...]:
        return mariadb_server.command(place)

    async def initialize(self, place: Place) -> bool:
        """Nothing is left to do once it answers: it has read its own `init.sql`."""
        return await _asked(place, "SELECT 1") is not None

    def url(self, place: Place) -> str:
        return mariadb_server.url(place)


class MariadbReplicaBackend:
    """A replica that cannot be written to, but by what its primary sends."""

    name = "mariadb-replica"
    variable = "SHOPMESH_MYSQL_REPLICA_URLS"
    base_ports = (_REPLICA_PORT,)

    def __init__(self, *, primary: Place) -> None:
        """Bind the replica to its primary.

        Args:
            primary: Where the primary lives; prepared before the replica is initialized.
        """
        self._primary = primary

    def missing(self) -> tuple[str, ...]:
        return mariadb_server.missing()

    async def install(self, say: Say) -> None:
        await mariadb_server.install(say)

    async def prepare(self, place: Place) -> None:
        await mariadb_server.make_ready(place)

    def command(self, place: Place) -> tuple[str, ...]:
        return mariadb_server.command(place, "--read-only=ON")

    async def initialize(self, place: Place) -> bool:
        """Follow the primary; ready once it is connected and applies what comes."""
        states = await _asked(place, "SHOW ALL SLAVES STATUS")
        if states is None:
            return False
        if not states:
            await _asked(place, self._follow(), "START SLAVE")
        elif states[0]["Master_Port"] != self._primary.ports[0]:
            await _asked(place, "STOP SLAVE", self._follow(), "START SLAVE")
        elif (states[0]["Slave_IO_Running"], states[0]["Slave_SQL_Running"]) == ("Yes", "Yes"):
            return True
        elif "No" in (states[0]["Slave_IO_Running"], states[0]["Slave_SQL_Running"]):
            await _asked(place, "START SLAVE")
        return False

    def url(self, place: Place) -> str:
        return mariadb_server.url(place)

    def _follow(self) -> str:
        return _FOLLOW.format(
            port=self._primary.ports[0],
            user=mariadb_server.USER,
            password=mariadb_server.password(self._primary),
        )


async def _asked(place: Place, *statements: str) -> Sequence[dict[str, Any]] | None:
    """The last statement's rows; None: the server is not there yet."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            return await _ask(place, statements)
    except (MySQLError, TimeoutError):
        return None


async def _ask(place: Place, statements: Sequence[str]) -> Sequence[dict[str, Any]]:
    connection = await asyncmy.connect(
        host="127.0.0.1",
        port=place.ports[0],
        user=mariadb_server.USER,
        password=mariadb_server.password(place),
        autocommit=True,
    )
    with closing(connection):
        async with connection.cursor(DictCursor) as cursor:
            for statement in statements:
                await cursor.execute(statement)
            rows: Sequence[dict[str, Any]] = await cursor.fetchall()
            return rows
