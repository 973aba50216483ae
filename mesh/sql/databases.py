"""The database URL of a service: a SQLite file, or a database on the server of `SHOPMESH_MYSQL_URL`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh.settings import MeshSettings
from mesh.sql import sqlite
from mesh.sql.engine import open_engine, sqlite_url
from mesh.sql.migrations import Schema, upgrade
from mesh.sql.prepared import compile_all

_DRIVER = "mysql+asyncmy"
_PREFIX = "shopmesh"


def database_url(settings: MeshSettings, service: str) -> str:
    """The SQLAlchemy URL of a service's primary."""
    if settings.mysql_url is None:
        return sqlite_url(settings.database(service))
    return mysql_url(settings.mysql_url, service)


def replica_urls(settings: MeshSettings, service: str) -> tuple[str, ...]:
    """The SQLAlchemy URLs of a service's replicas, of which there may be none."""
    return tuple(mysql_url(url, service) for url in settings.mysql_replica_urls)


def mysql_url(server: str, service: str) -> str:
    """A service's database on a server.

    Args:
        server: `mysql://user:password@host:port`; a path is what the names of databases begin with,
            `shopmesh` by default. `mysql+aiomysql://` takes another driver, if it is installed.
        service: the database's name goes on with it.
    """
    url = make_url(server)
    driver = _DRIVER if url.drivername == "mysql" else url.drivername
    own = url.set(drivername=driver, database=f"{url.database or _PREFIX}_{service}")
    return own.render_as_string(hide_password=False)


@asynccontextmanager
async def opened(
    url: str, schema: Schema, *, serialize_writes: bool = False, track_commit_positions: bool = False
) -> AsyncIterator[AsyncEngine]:
    """An engine over a database that is made where it is missing, with every step of its schema taken.

    Args:
        url: see `database_url`.
        schema: the service's tables.
        serialize_writes: see `mesh.sql.engine.open_engine`.
        track_commit_positions: see `mesh.sql.engine.open_engine`.
    """
    sqlite.make_folder(make_url(url))
    engine = open_engine(
        url, serialize_writes=serialize_writes, track_commit_positions=track_commit_positions
    )
    try:
        await upgrade(engine, schema)
        compile_all(engine.dialect)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_replicas(urls: Sequence[str]) -> AsyncIterator[tuple[AsyncEngine, ...]]:
    """Engines over copies of a database, which are only read; they may be away."""
    async with AsyncExitStack() as stack:
        engines = tuple(open_engine(url) for url in urls)
        for engine in engines:
            stack.push_async_callback(engine.dispose)
        yield engines
