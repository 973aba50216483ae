"""Ports for tests and their meshes, several of which are up at the same time, also of several test runs.

A mesh adds an offset to every port. No two of the offsets here share a port, and a file lock leases each to
one process at a time; the lock ends with that process.

Offsets are 12,000 or more: all ports but Envoy's are then above those that Linux gives to outgoing
connections, of which a test run makes many.
"""

import fcntl
import os
import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

from mesh.topology import (
    ENVOY_ADMIN_PORT,
    ENVOY_PORT,
    HTTP_SERVICES,
    SERVICES,
    grpc_port,
    http_port,
    metrics_port,
)

MOST_WORKERS = 3
"""Processes per service for which a leased offset has room."""
_BACKEND_PORTS = range(50071, 50077)
# A mesh uses 26 ports in each of six hundreds: 0 to 2 for services and workers, 10 to 12 for their metrics.
# So three meshes share a hundred, and three times three hundreds fit before the metrics of the first begin.
_OFFSETS = tuple(12_000 + 100 * hundred + within for hundred, within in product((0, 3, 6, 20), (0, 30, 60)))
_NEVER_GIVEN = range(26_000, 32_768)
_WAIT_SECONDS = 600.0
_PAUSE_SECONDS = 0.1


@contextmanager
def leased_offset() -> Iterator[int]:
    """An offset that nobody else has until the block ends, with room for `MOST_WORKERS` and all backends."""
    with _leased("offset", _OFFSETS, ports_at) as offset:
        yield offset


@contextmanager
def leased_port() -> Iterator[int]:
    """A port that nobody else has until the block ends, neither a test nor an outgoing connection."""
    with _leased("port", _NEVER_GIVEN, lambda port: [port]) as port:
        yield port


def free_offset() -> int:
    """An offset whose ports are free now, for a program that has the machine to itself."""
    return random.choice([offset for offset in _OFFSETS if all(map(_is_free, ports_at(offset)))])


def ports_at(offset: int) -> Iterator[int]:
    """Every port of a mesh with the most workers and all backends."""
    yield from (ENVOY_PORT + offset, ENVOY_ADMIN_PORT + offset)
    yield from (port + offset for port in _BACKEND_PORTS)
    for worker in range(MOST_WORKERS):
        yield from (http_port(service, worker, offset) for service in HTTP_SERVICES)
        for service in SERVICES:
            yield from (grpc_port(service, worker, offset), metrics_port(service, worker, offset))


def offsets() -> tuple[int, ...]:
    """The offsets that may be leased."""
    return _OFFSETS


@contextmanager
def _leased(kind: str, numbers: Sequence[int], ports_of: Callable[[int], Iterable[int]]) -> Iterator[int]:
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        for number in random.sample(numbers, len(numbers)):
            with _lock(f"{kind}-{number}") as ours:
                if ours and all(map(_is_free, ports_of(number))):
                    yield number
                    return
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError(f"no {kind} is free after {_WAIT_SECONDS:.0f} s; leases: {_folder()}")


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    """Try to lock a name; yields whether it is ours."""
    with (_folder() / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"shopmesh-test-ports-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    return folder


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
