"""What a read costs MariaDB, as the server itself has logged it, and what the trailers say of that."""

import getpass
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest

from bench.shop import make_shop, skus
from mesh.backends.running import Server
from mesh.sql.databases import mysql_url
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from tests.component.inventory.conftest import Inventory, open_inventory
from tests.support.inventory.shop import open_shop_at
from tests.support.real_sql import fresh_prefix

_PER_STATEMENT = 199
_SIZES = (1, 10, _PER_STATEMENT, _PER_STATEMENT + 1, 500)
_LOGGED = """
SELECT argument FROM mysql.general_log WHERE argument LIKE '%FROM products%' AND thread_id IN
(SELECT id FROM information_schema.processlist WHERE db = '{}_inventory')
"""

Asked = Callable[[], list[str]]


@pytest.fixture
def asked(mariadb: Server, prefix: str) -> Iterator[Asked]:
    """The questions about products and stock that the server has logged since they were last looked at.

    Of the connections to the test's own database: other tests ask the same server.
    """

    def look() -> list[str]:
        logged = [str(statement) for (statement,) in execute(mariadb, _LOGGED.format(prefix))]
        execute(mariadb, "TRUNCATE mysql.general_log")
        return logged

    execute(mariadb, "SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = 1")
    yield look
    execute(mariadb, "SET GLOBAL general_log = 0", "TRUNCATE mysql.general_log")


def execute(server: Server, *statements: str) -> Sequence[tuple[Any, ...]]:
    """Execute statements as the super-user, who comes by the socket."""
    path = str(server.place.folder / "data" / "mariadb.sock")
    with closing(pymysql.connect(unix_socket=path, user=getpass.getuser(), autocommit=True)) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return tuple(cursor.fetchall())


@pytest.fixture
def prefix() -> str:
    return fresh_prefix()


@pytest.fixture
async def inventory(mariadb: Server, prefix: str, tmp_path: Path) -> AsyncIterator[Inventory]:
    """A service with cold caches over a shop with many products."""
    own = f"{mariadb.url}/{prefix}"
    await make_shop(mysql_url(own, "inventory"), sum(_SIZES))
    async with (
        open_shop_at(mysql_url(own, "inventory")) as shop,
        open_inventory(tmp_path, shop, mysql_url=own) as opened,
    ):
        yield opened
    execute(mariadb, f"DROP DATABASE {prefix}_inventory")


async def test_a_batch_is_as_many_statements_as_it_fills_and_none_the_second_time(
    inventory: Inventory, asked: Asked
) -> None:
    first = 0
    for size in _SIZES:
        request = pb.BatchGetStockRequest(skus=skus(size, first=first))
        first += size
        for expected in (math.ceil(size / _PER_STATEMENT), 0):
            asked()
            call = inventory.stock.BatchGetStock(request)
            assert len((await call).stock) == size
            assert len(asked()) == expected
            assert dict(await call.trailing_metadata() or ())["x-db-queries"] == str(expected)
