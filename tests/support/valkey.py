"""A real Redis-protocol server for tests: Valkey, from a wheel, on a free loopback port."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from mesh.backends.backend import Place
from mesh.backends.running import free_ports
from mesh.backends.valkey import ValkeyBackend
from tests.support.waiting import until


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    url: str
    pid: int


@contextmanager
def running_valkey(folder: Path) -> Iterator[Valkey]:
    """Start a server and end it, stopped or not; also for a test whose loop runs."""
    backend, place = ValkeyBackend(), Place(folder, free_ports(len(ValkeyBackend.base_ports)))
    with subprocess.Popen(backend.command(place), stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(backend.url(place)), "Valkey answers")
            yield Valkey(backend.url(place), process.pid)
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One server for all tests that leave it running."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def start_valkey(tmp_path: Path) -> Iterator[Callable[[], Valkey]]:
    """Starts servers that a test may harm."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running_valkey(tmp_path))
