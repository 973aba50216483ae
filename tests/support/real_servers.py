"""Real servers for tests: one of each for the whole run, and some of a test's own that it may harm."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mesh.backends.backend import Backend, Place
from mesh.backends.kafka import KafkaBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import Server
from tests.support.ports import leased_port
from tests.support.shared_servers import SHARED

OwnPlace = Callable[[Backend], Place]


@pytest.fixture(scope="session")
def mongodb(pytestconfig: pytest.Config) -> Server:
    """MongoDB; take a database of your own and drop it."""
    return pytestconfig.stash[SHARED].server(MongodbBackend())


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Server:
    """A Kafka broker; take topics and groups of your own."""
    return pytestconfig.stash[SHARED].server(KafkaBackend())


@pytest.fixture
def own_place(tmp_path: Path) -> Iterator[OwnPlace]:
    """Where a server of a test's own lives, which it may pause and kill; each call gives other ports."""
    with ExitStack() as stack:

        def place(backend: Backend) -> Place:
            ports = tuple(stack.enter_context(leased_port()) for _ in backend.base_ports)
            return Place(tmp_path / backend.name, ports)

        yield place
