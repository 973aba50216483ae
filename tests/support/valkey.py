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
from mesh.backends.valkey import ValkeyBackend
from tests.support.ports import leased_port
from tests.support.waiting import until


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    url: str
    pid: int


@contextmanager
def running_valkey(folder: Path) -> Iterator[Valkey]:
    """Start a server and end it, stopped or not; also for a test whose loop runs."""
    with leased_port() as port:
        place = Place(folder, (port,))
        url = ValkeyBackend().url(place)
        with subprocess.Popen(ValkeyBackend().command(place), stdout=subprocess.DEVNULL) as process:
            try:
                until(lambda: _answers(url), "Valkey answers")
                yield Valkey(url, process.pid)
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
    """A server for all tests of a worker that leave it running: some empty it, or pause its clients."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def start_valkey(tmp_path: Path) -> Iterator[Callable[[], Valkey]]:
    """Starts servers that a test may harm."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running_valkey(tmp_path))
