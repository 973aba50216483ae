"""Homes with a shop in them, and the database server on which it may be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.cores import DRIVER, pin
from bench.instance import Instance
from bench.plan import in_silence
from bench.shop import PIECES, make_shop
from mesh.backends.mariadb import MariadbBackend
from mesh.backends.running import running


async def stocked(folder: Path, count: int, *, mysql: str | None = None, pieces: int = PIECES) -> Instance:
    """A home whose shop has so many SKUs."""
    home = Instance.made(folder, mysql=mysql)
    await make_shop(home.database_url, count, pieces=pieces)
    return home


@asynccontextmanager
async def mariadb(folder: Path) -> AsyncIterator[str]:
    """A server beside the driver; yields its URL."""
    async with running(MariadbBackend(), folder, say=in_silence) as server:
        pin(server.pid, DRIVER)
        yield server.url
