"""Reads the services' databases in MariaDB."""

from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql


def rows_in_mariadb(url: str, database: str, query: str) -> list[tuple[Any, ...]]:
    """Run a query in a service's database."""
    with closing(_connected(url, database)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def change_in_mariadb(url: str, database: str, statement: str) -> None:
    """Run a statement that writes."""
    with closing(_connected(url, database)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()


def _connected(url: str, database: str) -> "pymysql.Connection[Any]":
    server = urlsplit(url)
    return pymysql.connect(
        host=server.hostname or "127.0.0.1",
        port=server.port or 3306,
        user=unquote(server.username or ""),
        password=unquote(server.password or ""),
        database=f"{server.path.strip('/') or 'shopmesh'}_{database}",
        connect_timeout=10,
        read_timeout=30,
    )
