"""Real servers for tests, one of each for the whole run, on free loopback ports."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mesh.backends.backend import Backend
from mesh.backends.kafka import KafkaBackend
from mesh.backends.mongodb import MongodbBackend
from mesh.backends.running import Server, running


@contextmanager
def running_server(backend: Backend, folder: Path) -> Iterator[Server]:
    """Start a server and end it, for fixtures that outlive the loops of single tests."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        context = running(backend, folder, say=print)
        server = runner.run(context.__aenter__())
        try:
            yield server
        finally:
            runner.run(context.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """MongoDB; take a database of your own and drop it."""
    with running_server(MongodbBackend(), tmp_path_factory.mktemp("mongodb")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Kafka broker; take topics and groups of your own."""
    with running_server(KafkaBackend(), tmp_path_factory.mktemp("kafka")) as server:
        yield server
