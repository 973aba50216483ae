"""MariaDB for tests: a primary and a replica for the whole run, and databases of a test's own."""

import uuid
from collections.abc import Iterator

import pytest

from mesh.backends.mariadb import MariadbBackend, MariadbReplicaBackend
from mesh.backends.running import Server
from tests.support.real_servers import running_server


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The primary; put `fresh_prefix` behind its URL."""
    with running_server(MariadbBackend(), tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_replica(mariadb: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A replica of the primary; leave it following."""
    backend = MariadbReplicaBackend(primary=mariadb.place)
    with running_server(backend, tmp_path_factory.mktemp("mariadb-replica")) as server:
        yield server


def fresh_prefix() -> str:
    """What the names of a test's databases begin with, as the path of `SHOPMESH_MYSQL_URL`."""
    return f"shopmesh_{uuid.uuid4().hex[:12]}"
