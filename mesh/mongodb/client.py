"""MongoDB as the mesh needs it: bounded waits, durable writes, and indexes that are what they have to be."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from pymongo.uri_parser import parse_uri

from interceptors.cost_trailers import count_query
from mesh.server.context import StartupError

__all__ = [
    "DUPLICATE_KEY",
    "OPERATION_SECONDS",
    "Client",
    "Collection",
    "Database",
    "Document",
    "WrongIndex",
    "count_query",
    "database_of",
    "ensure_indexes",
    "is_duplicate",
    "is_reachable",
    "open_client",
]

Document = dict[str, Any]
Client = AsyncMongoClient[Document]
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]

DUPLICATE_KEY = 11000
OPERATION_SECONDS = 3.0
_SELECTION_SECONDS = 2.0
_DEFAULT_PREFIX = "shopmesh"


class WrongIndex(StartupError):
    """An index stands in the database with another definition than this code relies on."""


def open_client(url: str) -> Client:
    """A client whose writes are on the disks of most members when they return.

    Every operation ends within `OPERATION_SECONDS`, its retries included; each is counted for the trailers.
    """
    return AsyncMongoClient(
        url,
        appname="shopmesh",
        w="majority",
        journal=True,
        timeoutMS=_ms(OPERATION_SECONDS),
        serverSelectionTimeoutMS=_ms(_SELECTION_SECONDS),
        connectTimeoutMS=_ms(_SELECTION_SECONDS),
        event_listeners=[_QueryCounter()],
    )


def database_of(client: Client, url: str, name: str) -> Database:
    """A database of this mesh: its name begins with the URL's path, so that meshes can share a server."""
    prefix = parse_uri(url)["database"] or _DEFAULT_PREFIX
    return client[f"{prefix}_{name}"]


async def ensure_indexes(collection: Collection, indexes: Sequence[IndexModel]) -> None:
    """Create the indexes that are missing; several workers may do so at once.

    Raises:
        WrongIndex: One is there with another definition.
        PyMongoError: The server does not answer.
    """
    there = await (await collection.list_indexes()).to_list()
    for index in indexes:
        _check(collection.full_name, index.document, there)
    try:
        await collection.create_indexes(list(indexes))
    except DuplicateKeyError:
        raise WrongIndex(f"{collection.full_name} holds what its unique index forbids") from None


def is_duplicate(error: BulkWriteError) -> bool:
    """Whether a unique index refused one of the documents."""
    return any(each["code"] == DUPLICATE_KEY for each in error.details["writeErrors"])


async def is_reachable(database: Database) -> bool:
    """Whether the server answers; a health probe."""
    try:
        await database.command("ping")
    except PyMongoError:
        return False
    return True


def _check(where: str, wanted: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> None:
    name = wanted["name"]
    for found in there:
        if found["name"] == name and _definition(found) != _definition(wanted):
            raise WrongIndex(f"index {name} of {where} has another definition than needed: drop it")
        if found["name"] != name and _definition(found) == _definition(wanted):
            raise WrongIndex(f"index {name} of {where} is there as {found['name']}: drop that one")


def _definition(index: Mapping[str, Any]) -> Mapping[str, Any]:
    """All but what the server adds; the keys as pairs, for their sequence matters."""
    options = {key: value for key, value in index.items() if key not in ("v", "name", "key")}
    return {**options, "key": [*index["key"].items()]}


def _ms(seconds: float) -> int:
    return int(1000 * seconds)


class _QueryCounter(CommandListener):
    """Counts commands as the SQL engines count statements."""

    def started(self, event: CommandStartedEvent) -> None:
        count_query()

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing more to count."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing more to count."""
