"""Databases of a real MongoDB that belong to one test."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from mesh.backends.running import Server
from mesh.mongodb.client import open_client
from services.kernel.ids import uuid7


@pytest.fixture
async def mongodb_url(mongodb: Server) -> AsyncIterator[str]:
    """A URL whose databases are new, and dropped at the end."""
    prefix = f"test_{uuid7()}"
    yield urlunsplit(urlsplit(mongodb.url)._replace(path=f"/{prefix}"))
    async with open_client(mongodb.url) as client:
        for name in await client.list_database_names():
            if name.startswith(prefix):
                await client.drop_database(name)
